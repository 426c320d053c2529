import { BoundedQueue, DbError, type DurationMs } from '@varve/base';
import { refuseOversized, type Bus, type BusMessage, type BusStatus, type Subscription } from '@varve/ports';
import { closed } from './closed.ts';
import { InprocStreams } from './inproc-streams.ts';
import { SubjectTable, type Subscriber } from './subject-table.ts';

/** A message on its way. */
interface Delivery {
  readonly message: BusMessage;
  /** Called when nobody listens, for a request. */
  readonly onNobody: (() => void) | undefined;
}

/**
 * Messages on their way at most; beyond it a message is lost, as at-most-once allows. A handler is synchronous and a
 * message waits for a microtask only, so this many mean a loop that feeds itself.
 */
const DELIVERY_COUNT_MAX = 100_000;
/** After so many messages timers and sockets get their turn. */
const BURST_COUNT_MAX = 500;

/** The bus of one process: everything that runs in it, and nothing else, is connected. Payloads go by reference. */
export function openInprocBus(): Bus {
  return new InprocBus();
}

/**
 * One queue for all messages keeps the order of every sender. It is worked off in a microtask, which costs no round of
 * the event loop; but after each BURST_COUNT_MAX messages the rest waits for the next round, so that a long exchange of
 * messages starves nobody.
 */
class InprocBus implements Bus {
  readonly local = new InprocStreams();
  readonly #table = new SubjectTable();
  readonly #deliveries = new BoundedQueue<Delivery>(DELIVERY_COUNT_MAX);
  /** Ends the requests that still wait. */
  readonly #waiting = new Set<() => void>();
  #isScheduled = false;
  /** Messages handled since the last round that was waited for. */
  #burstCount = 0;
  #inboxCount = 0;
  #isClosed = false;

  get status(): BusStatus {
    return this.#isClosed ? 'disconnected' : 'connected';
  }

  /** One process is never cut off from itself: there is nothing to tell. */
  onStatus(): Subscription {
    return { unsubscribe() {} };
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    refuseOversized(subject, payload);
    if (!this.#isClosed) this.#enqueue({ message: { subject, payload, replyTo }, onNobody: undefined });
  }

  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): Subscription {
    if (this.#isClosed) throw closed();
    const subscriber: Subscriber = { pattern: subject, queue, onMessage, isActive: true };
    this.#table.add(subscriber);
    return {
      unsubscribe: () => {
        subscriber.isActive = false;
        this.#table.remove(subscriber);
      },
    };
  }

  /** At once: there is no server to tell. */
  async subscribed(): Promise<void> {}

  async request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array> {
    if (this.#isClosed) throw closed();
    refuseOversized(subject, payload);
    const replyTo = this.newInbox();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        subscription.unsubscribe();
        this.#waiting.delete(onClose);
      };
      const fail = (error: DbError): void => {
        end();
        reject(error);
      };
      const onClose = (): void => fail(closed());
      const subscription = this.subscribe(replyTo, (answer) => {
        end();
        resolve(answer.payload);
      });
      const timer = setTimeout(() => {
        fail(new DbError('BUS_TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.add(onClose);
      this.#enqueue({
        message: { subject, payload, replyTo },
        onNobody: () => fail(new DbError('BUS_NO_RESPONDERS', `nobody listens on ${subject}`)),
      });
    });
  }

  newInbox(): string {
    this.#inboxCount += 1;
    return `_INBOX.${this.#inboxCount}`;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.local.close();
    while (this.#deliveries.size > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const end of [...this.#waiting]) end();
    this.#table.clear();
  }

  #enqueue(delivery: Delivery): void {
    if (this.#deliveries.offer(delivery)) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#burstCount < BURST_COUNT_MAX) queueMicrotask(() => this.#deliverBurst());
    else setImmediate(() => this.#deliverNextBurst());
  }

  #deliverNextBurst(): void {
    this.#burstCount = 0;
    this.#deliverBurst();
  }

  /** What handlers publish meanwhile comes in a burst of its own. */
  #deliverBurst(): void {
    this.#isScheduled = false;
    let restCount = Math.min(this.#deliveries.size, BURST_COUNT_MAX - this.#burstCount);
    this.#burstCount += restCount;
    for (; restCount > 0; restCount -= 1) this.#deliver(this.#deliveries.take()!);
    if (this.#deliveries.size > 0) this.#schedule();
  }

  #deliver({ message, onNobody }: Delivery): void {
    const receivers = this.#table.receiversOf(message.subject);
    for (const receiver of receivers) if (receiver.isActive) receiver.onMessage(message);
    if (receivers.length === 0) onNobody?.();
  }
}
