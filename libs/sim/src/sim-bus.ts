import { DbError, type DurationMs } from '@varve/base';
import type { Bus, BusMessage, Subscription } from '@varve/ports';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

/** A subscription as the network knows it. */
export interface SimSubscription {
  readonly process: SimProcess;
  readonly pattern: string;
  readonly queue: string | undefined;
  /** Does nothing once it has ended. */
  deliver(message: BusMessage): void;
}

/** One connection to the simulated bus. It dies with its process. */
export class SimBus implements Bus {
  readonly #network: SimNetwork;
  readonly #process: SimProcess;
  readonly #inboxPrefix: string;
  readonly #subscriptions = new Set<Subscription>();
  /** Ends the requests that still wait. */
  readonly #waiting = new Set<() => void>();
  #inboxCount = 0;
  /** When the last message sent arrives. */
  #lastArrivalMs = 0;
  #isClosed = false;

  constructor(network: SimNetwork, process: SimProcess, inboxPrefix: string) {
    this.#network = network;
    this.#process = process;
    this.#inboxPrefix = inboxPrefix;
    process.onKill(() => this.#unsubscribeAll());
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    this.#send({ subject, payload, replyTo });
  }

  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): Subscription {
    if (this.#isClosed) throw closed();
    let isActive = this.#process.isAlive;
    const registered: SimSubscription = {
      process: this.#process,
      pattern: subject,
      queue,
      deliver: (message) => isActive && onMessage(message),
    };
    const subscription = {
      unsubscribe: () => {
        isActive = false;
        this.#network.remove(registered);
        this.#subscriptions.delete(subscription);
      },
    };
    if (isActive) {
      this.#network.add(registered);
      this.#subscriptions.add(subscription);
    }
    return subscription;
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array> {
    if (this.#isClosed) throw closed();
    const replyTo = this.newInbox();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        subscription.unsubscribe();
        timer.cancel();
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
      const timer = this.#process.schedule(timeoutMs, `waits no longer for ${subject}`, () =>
        fail(new DbError('BUS_TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`)),
      );
      this.#waiting.add(onClose);
      if (this.#send({ subject, payload, replyTo }) || !this.#process.isAlive) return;
      this.#process.schedule(this.#network.delayMs(), `hears that nobody listens on ${subject}`, () =>
        fail(new DbError('BUS_NO_RESPONDERS', `nobody listens on ${subject}`)),
      );
    });
  }

  newInbox(): string {
    this.#inboxCount += 1;
    return `${this.#inboxPrefix}.${this.#inboxCount}`;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const restMs = Math.max(0, this.#lastArrivalMs - this.#process.scheduler.nowMs);
    await this.#process.perform(restMs + this.#network.faults.delayMsMax, 'closes its bus', () => {
      for (const end of [...this.#waiting]) end();
      this.#unsubscribeAll();
    });
  }

  /** Whether anybody listens. */
  #send(message: BusMessage): boolean {
    if (this.#isClosed || !this.#process.isAlive) return true;
    const lastArrivalMs = this.#network.send(this.#process, message);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, lastArrivalMs ?? 0);
    return lastArrivalMs !== undefined;
  }

  #unsubscribeAll(): void {
    for (const subscription of [...this.#subscriptions]) subscription.unsubscribe();
  }
}

function closed(): DbError {
  return new DbError('BUS_CLOSED', 'the bus is closed');
}
