import { assert, DbError, type DurationMs } from '@varve/base';
import type { Bus, Clock, Log, Subscription, Timer } from '@varve/ports';
import { decode, encode, type Header, type MessageKind, type WireMessage } from '@varve/wire';
import { encodeFailure, errorFrom, failureOf } from './request.ts';

/**
 * Long answers over the bus with credit-based flow control. The consumer asks; the first item comes back as the reply,
 * so that a short answer costs one round trip. Further items go to the consumer's inbox, each against a credit; the
 * consumer grants a credit per item it has taken. Items carry an index, so a lost or reordered one is an error, never a
 * short answer. Either side gives up when the other is silent for `idleTimeoutMs`.
 *
 *   consumer ── request { inbox, credits } ──▶ producer
 *            ◀── item 0 (the reply) ──────────
 *            ◀── item 1, 2, … ───────────────
 *            ── credit ─────────────────────▶   on `<inbox>.credit`
 */
export interface StreamPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

const END_PAYLOAD = new Uint8Array(0);

/** Items the producer may send ahead of what the consumer has taken. */
const CREDIT_COUNT = 4;

/**
 * Asks for a stream. Leaving the loop early cancels the producer.
 * @throws DbError the producer's code, or BUS_TIMEOUT, BUS_NO_RESPONDERS, MESSAGE_INVALID
 */
export async function* openStream<Asked extends MessageKind>(
  { bus, clock }: Pick<StreamPorts, 'bus' | 'clock'>,
  to: { readonly subject: string; readonly idleTimeoutMs: DurationMs },
  asked: { readonly kind: Asked; readonly header: Header<Asked>; readonly payload: Uint8Array },
): AsyncGenerator<Uint8Array, void, undefined> {
  const inbox = bus.newInbox();
  const arrivals = new Arrivals(clock, to.idleTimeoutMs);
  const subscription = bus.subscribe(inbox, ({ payload }) => arrivals.offer(payload));
  const question = encode(asked.kind, asked.header, asked.payload);
  const opening = encode('streamOpen', { inbox, creditCount: CREDIT_COUNT }, question);
  let isEnded = false;
  try {
    arrivals.offerFirst(await bus.request(to.subject, opening, to.idleTimeoutMs));
    for (let expectedIndex = 0; !isEnded; expectedIndex += 1) {
      const item = await arrivals.take();
      isEnded = item.header.isLast;
      if (item.header.itemIndex !== expectedIndex) {
        throw new DbError('BUS_TIMEOUT', `stream item ${expectedIndex} was lost, item ${item.header.itemIndex} came`);
      }
      if (item.header.errorCode !== undefined) throw errorFrom(item.header.errorCode, item.header.errorText ?? 'failed');
      if (item.payload.length > 0) yield item.payload;
      if (!isEnded) bus.publish(`${inbox}.credit`, encode('streamCredit', { creditCount: 1, isCancelled: false }));
    }
  } finally {
    subscription.unsubscribe();
    arrivals.close();
    if (!isEnded) bus.publish(`${inbox}.credit`, encode('streamCredit', { creditCount: 0, isCancelled: true }));
  }
}

/**
 * Answers {@link openStream} on a subject. `produce` yields payloads that are not empty; its signal aborts when the
 * consumer has left.
 */
export function serveStream<Asked extends MessageKind>(
  ports: StreamPorts,
  at: { readonly subject: string; readonly askedKind: Asked; readonly idleTimeoutMs: DurationMs },
  produce: (asked: WireMessage<Asked>, signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Subscription {
  return ports.bus.subscribe(at.subject, ({ payload, replyTo }) => {
    if (replyTo === undefined) return;
    void answerStream(ports, at, { payload, replyTo }, produce);
  });
}

async function answerStream<Asked extends MessageKind>(
  ports: StreamPorts,
  at: { readonly askedKind: Asked; readonly idleTimeoutMs: DurationMs },
  call: { readonly payload: Uint8Array; readonly replyTo: string },
  produce: (asked: WireMessage<Asked>, signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const { bus, log } = ports;
  let credits: Credits | undefined;
  let itemIndex = 0;
  const send = (subject: string, payload: Uint8Array, isLast: boolean, error?: DbError): void => {
    const header = { itemIndex, isLast, errorCode: error?.code, errorText: error?.message };
    bus.publish(subject, encode('streamItem', header, payload));
    itemIndex += 1;
  };
  try {
    const opening = decode(call.payload, 'streamOpen');
    const { inbox, creditCount } = opening.header;
    credits = new Credits(ports, { subject: `${inbox}.credit`, creditCount, idleTimeoutMs: at.idleTimeoutMs });
    const subjectOfItem = (): string => (itemIndex === 0 ? call.replyTo : inbox);
    let held: Uint8Array | undefined;
    for await (const payload of produce(decode(opening.payload, at.askedKind), credits.signal)) {
      assert(payload.length > 0, 'a stream item must not be empty');
      if (held !== undefined) {
        await credits.take();
        send(subjectOfItem(), held, false);
      }
      if (credits.signal.aborted) return;
      held = payload;
    }
    if (held !== undefined) await credits.take();
    if (!credits.signal.aborted) send(subjectOfItem(), held ?? END_PAYLOAD, true);
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    log.debug('Stream failed', { code: error.code, reason: error.message });
    if (credits === undefined) bus.publish(call.replyTo, encodeFailure(error));
    else if (!credits.signal.aborted) send(itemIndex === 0 ? call.replyTo : credits.inbox, END_PAYLOAD, true, error);
  } finally {
    credits?.close();
  }
}

/** What has come in for a consumer, in order of arrival; at most the granted credits and the last item wait. */
class Arrivals {
  readonly #clock: Clock;
  readonly #idleTimeoutMs: DurationMs;
  readonly #waiting: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, idleTimeoutMs: DurationMs) {
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  offer(bytes: Uint8Array): void {
    if (this.#waiting.length > CREDIT_COUNT + 1) return; // A producer that ignores credits: the index check will say so.
    this.#waiting.push(bytes);
    this.#wake?.();
  }

  /** The reply. It has a subject of its own, so items of the inbox may have overtaken it. */
  offerFirst(bytes: Uint8Array): void {
    this.#waiting.unshift(bytes);
  }

  async take(): Promise<WireMessage<'streamItem'>> {
    if (this.#waiting.length === 0) await this.#nextArrival();
    const bytes = this.#waiting.shift();
    if (bytes === undefined) throw new DbError('BUS_TIMEOUT', `no stream item within ${this.#idleTimeoutMs} ms`);
    const message: WireMessage = decode<MessageKind>(bytes, 'streamItem', 'failure');
    if (message.kind === 'failure') throw failureOf(message as WireMessage<'failure'>);
    return message as WireMessage<'streamItem'>;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #nextArrival(): Promise<void> {
    return new Promise((settle) => {
      this.#wake = () => {
        this.#wake = undefined;
        this.#timer?.cancel();
        settle();
      };
      this.#timer = this.#clock.after(this.#idleTimeoutMs, () => this.#wake?.());
    });
  }
}

/** How far a producer may run ahead; aborts its signal when the consumer cancels or is silent too long. */
class Credits {
  readonly inbox: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #idleTimeoutMs: DurationMs;
  readonly #abort = new AbortController();
  readonly #subscription: Subscription;
  #creditCount: number;
  #wake: (() => void) | undefined;

  constructor(
    { bus, clock, log }: StreamPorts,
    open: { readonly subject: string; readonly creditCount: number; readonly idleTimeoutMs: DurationMs },
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#creditCount = open.creditCount;
    this.#idleTimeoutMs = open.idleTimeoutMs;
    this.inbox = open.subject.slice(0, -'.credit'.length);
    this.#subscription = bus.subscribe(open.subject, ({ payload }) => this.#onCredit(payload));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Resolves when an item may be sent, or when the signal has aborted. */
  async take(): Promise<void> {
    while (this.#creditCount === 0 && !this.signal.aborted) {
      await new Promise<void>((settle) => {
        const timer = this.#clock.after(this.#idleTimeoutMs, () => {
          this.#abort.abort();
          this.#wake?.();
        });
        this.#wake = () => {
          this.#wake = undefined;
          timer.cancel();
          settle();
        };
      });
    }
    this.#creditCount -= 1;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #onCredit(payload: Uint8Array): void {
    try {
      const { header } = decode(payload, 'streamCredit');
      this.#creditCount += header.creditCount;
      if (header.isCancelled) this.#abort.abort();
    } catch (error) {
      this.#log.warn('Unreadable stream credit; the stream is given up', { error });
      this.#abort.abort();
    }
    this.#wake?.();
  }
}
