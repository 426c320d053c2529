import { assert, DbError, type DurationMs, type InstantMs } from '@varve/base';
import type { BusMessage, Clock, StreamEnd, Subscription, Timer } from '@varve/ports';
import { decode, encode, type MessageKind, type WireMessage } from '@varve/wire';
import { encodeFailure, errorFrom, failureOf } from './request.ts';
import { interrupted, type Produce, type Question, type StreamPlace, type StreamPorts, type StreamTarget } from './stream-ends.ts';

/**
 * Streams as messages, with credit-based flow control. The consumer asks; the first item comes back as the reply,
 * so that a short answer costs one round trip. Further items go to the consumer's inbox, each against a credit; the
 * consumer grants as many as it has taken, several at a time. Items carry an index, so a lost or reordered one is an error, never a
 * short answer. Both sides say at an interval that they are still there, however long the one computes or the other's
 * reader pauses; who is silent for `idleTimeoutMs` is gone, and the other side gives up. These beats repeat how far each
 * has come: a lost credit is made good by the next one, and a lost item behind which nothing more comes is found out.
 *
 *   consumer ── request { inbox, credits } ──▶ producer
 *            ◀── item 0 (the reply) ──────────
 *            ◀── item 1, 2, … ───────────────   an empty one that is not the last: still computing, so many were sent
 *            ── credit ─────────────────────▶   on `<inbox>.credit`; all that were granted since the beginning
 */
const NOTHING = new Uint8Array(0);

/** Items the producer may send ahead of what the consumer has taken. */
const CREDIT_COUNT = 6;
/** So many are granted together: each grant is a message that wakes two processes, and meanwhile the producer has the others. */
const GRANT_COUNT = CREDIT_COUNT / 2;
/** So many signs of life fit into the time after which the other side is given up; one may be lost. */
const BEATS_PER_IDLE_TIMEOUT = 4;

/** As {@link openStream} of `stream.ts`, over a wire. */
export async function* openWireStream<Kind extends MessageKind, Value>(
  { bus, clock }: Pick<StreamPorts, 'bus' | 'clock'>,
  to: StreamTarget,
  asked: Question<Kind, Value>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inbox = bus.newInbox();
  const arrivals = new Arrivals(clock, to);
  const subscription = bus.subscribe(inbox, ({ payload }) => arrivals.offer(payload));
  let creditCount = CREDIT_COUNT;
  const grant = (isCancelled = false): void => bus.publish(`${inbox}.credit`, encode('streamCredit', { creditCount, isCancelled }));
  const beat = every(clock, to.idleTimeoutMs / BEATS_PER_IDLE_TIMEOUT, () => grant());
  // The consumer may rest at an item for long: the producer is told at once.
  const onAbort = (): void => grant(true);
  to.signal?.addEventListener('abort', onAbort, { once: true });
  const question = encode(asked.kind, asked.header, asked.payload.bytes);
  const opening = encode('streamOpen', { inbox, creditCount }, question);
  let isEnded = false;
  try {
    bus.request(to.subject, opening, to.idleTimeoutMs).then(
      (reply) => arrivals.offerFirst(reply),
      (error: unknown) => arrivals.fail(error),
    );
    for (let expectedIndex = 0; !isEnded; expectedIndex += 1) {
      const item = await arrivals.take();
      isEnded = item.header.isLast;
      if (item.header.itemIndex !== expectedIndex) {
        throw new DbError('BUS_TIMEOUT', `stream item ${expectedIndex} was lost, item ${item.header.itemIndex} came`);
      }
      if (item.header.errorCode !== undefined) throw errorFrom(item.header.errorCode, item.header.errorText ?? 'failed');
      if (item.header.trailer !== undefined) to.onTrailer?.(item.header.trailer);
      if (item.payload.length > 0) yield item.payload;
      if (isEnded) break;
      creditCount += 1;
      if (creditCount % GRANT_COUNT === 0) grant();
    }
  } finally {
    beat.cancel();
    to.signal?.removeEventListener('abort', onAbort);
    subscription.unsubscribe();
    arrivals.close();
    if (!isEnded) grant(true);
  }
}

/** As {@link serveStream} of `stream.ts`, over a wire. */
export function serveWireStream<Kind extends MessageKind, Value>(ports: StreamPorts, at: StreamPlace<Kind, Value>, produce: Produce<Kind, Value>): Subscription {
  const onQuestion = ({ payload, replyTo }: BusMessage): void => {
    if (replyTo !== undefined) void answerStream(ports, at, { payload, replyTo }, produce);
  };
  return ports.bus.subscribe(at.subject, onQuestion, at.queue);
}

async function answerStream<Kind extends MessageKind, Value>(
  ports: StreamPorts,
  at: StreamPlace<Kind, Value>,
  call: { readonly payload: Uint8Array; readonly replyTo: string },
  produce: Produce<Kind, Value>,
): Promise<void> {
  const { bus, log } = ports;
  let outlet: Outlet | undefined;
  try {
    const opening = decode(call.payload, 'streamOpen');
    const { header, payload } = decode(opening.payload, at.askedKind);
    const asked = { header, payload: at.codec.decode(payload) };
    outlet = new Outlet(ports, { ...opening.header, replyTo: call.replyTo, idleTimeoutMs: at.idleTimeoutMs });
    let held: Uint8Array | undefined;
    const end: StreamEnd = {};
    for await (const item of produce(asked, outlet.signal, end)) {
      assert(item.length > 0, 'a stream item must not be empty');
      if (held !== undefined) await outlet.send(held, false);
      if (outlet.signal.aborted) return;
      held = item;
    }
    await outlet.send(held ?? NOTHING, true, end.trailer);
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    log.debug('Stream failed', { code: error.code, reason: error.message });
    if (outlet === undefined) bus.publish(call.replyTo, encodeFailure(error));
    else outlet.fail(error);
  } finally {
    outlet?.close();
  }
}

type Item = WireMessage<'streamItem'>;

/** What has come in for a consumer, in order of arrival; at most the granted credits and the last item wait. */
class Arrivals {
  readonly #clock: Clock;
  readonly #idleTimeoutMs: DurationMs;
  readonly #signal: AbortSignal | undefined;
  readonly #isSilent: () => boolean;
  readonly #onAbort = (): void => this.fail(interrupted());
  readonly #waiting: Item[] = [];
  /** Items that have come in since the beginning. */
  #itemCount = 0;
  /** What that was when a beat said that more had been sent; the reply may still be on its way. */
  #laggingCount: number | undefined;
  /** Items of the inbox may overtake the reply: none is taken before it. */
  #hasReply = false;
  /** Why nothing more is to be awaited. */
  #failure: unknown;
  #wake: (() => void) | undefined;
  #idle: Timer | undefined;

  constructor(clock: Clock, { idleTimeoutMs, signal, isSilent = nobodyKnows }: Pick<StreamTarget, 'idleTimeoutMs' | 'signal' | 'isSilent'>) {
    this.#clock = clock;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#signal = signal;
    this.#isSilent = isSilent;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  offer(bytes: Uint8Array): void {
    this.#accept(bytes, (item) => this.#waiting.push(item));
  }

  /** The reply. */
  offerFirst(bytes: Uint8Array): void {
    this.#hasReply = true;
    this.#accept(bytes, (item) => this.#waiting.unshift(item));
  }

  /** Nothing that comes later is taken. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  /** The next item. @throws DbError BUS_TIMEOUT when the producer is silent, and what it has failed with */
  async take(): Promise<Item> {
    while ((this.#waiting.length === 0 || !this.#hasReply) && this.#failure === undefined) await this.#nextArrival();
    if (this.#failure !== undefined) throw this.#failure as Error;
    return this.#waiting.shift()!;
  }

  close(): void {
    this.#idle?.cancel();
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  #accept(bytes: Uint8Array, store: (item: Item) => void): void {
    try {
      const message: WireMessage = decode<MessageKind>(bytes, 'streamItem', 'failure');
      if (message.kind === 'failure') throw failureOf(message as WireMessage<'failure'>);
      const item = message as Item;
      const isBeat = item.payload.length === 0 && !item.header.isLast;
      if (isBeat) return this.#onBeat(item);
      this.#itemCount += 1;
      if (this.#waiting.length <= CREDIT_COUNT + 1) store(item); // More ignore the credits: the index check will say so.
      this.#wake?.();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @throws DbError BUS_TIMEOUT when what was sent before the last beat has not come yet */
  #onBeat({ header: { itemIndex: sentCount } }: Item): void {
    const isLagging = sentCount > this.#itemCount;
    if (isLagging && this.#laggingCount === this.#itemCount) throw new DbError('BUS_TIMEOUT', `of ${sentCount} stream items ${this.#itemCount} came`);
    this.#laggingCount = isLagging ? this.#itemCount : undefined;
    this.#restartIdle();
  }

  async #nextArrival(): Promise<void> {
    if (this.#isSilent()) return this.fail(this.#silence());
    await new Promise<void>((settle) => {
      this.#wake = () => {
        this.#wake = undefined;
        this.#idle?.cancel();
        settle();
      };
      this.#restartIdle();
    });
  }

  #restartIdle(): void {
    this.#idle?.cancel();
    if (this.#wake === undefined) return;
    this.#idle = this.#clock.after(this.#idleTimeoutMs, () => this.fail(this.#silence()));
  }

  #silence(): DbError {
    return new DbError('BUS_TIMEOUT', `no stream item within ${this.#idleTimeoutMs} ms`);
  }
}

const nobodyKnows = (): boolean => false;

/** The producer's side of one stream: sends items against credits, says that it lives, and notices a consumer that is gone. */
class Outlet {
  readonly #ports: StreamPorts;
  readonly #inbox: string;
  readonly #replyTo: string;
  readonly #idleTimeoutMs: DurationMs;
  readonly #abort = new AbortController();
  readonly #subscription: Subscription;
  readonly #beat: Timer;
  /** Granted since the beginning. */
  #creditCount: number;
  #itemIndex = 0;
  #hasReplied = false;
  #heardMs: InstantMs;
  #wake: (() => void) | undefined;

  constructor(
    ports: StreamPorts,
    open: { readonly inbox: string; readonly replyTo: string; readonly creditCount: number; readonly idleTimeoutMs: DurationMs },
  ) {
    this.#ports = ports;
    this.#inbox = open.inbox;
    this.#replyTo = open.replyTo;
    this.#creditCount = open.creditCount;
    this.#idleTimeoutMs = open.idleTimeoutMs;
    this.#heardMs = ports.clock.monotonicMs();
    this.#subscription = ports.bus.subscribe(`${open.inbox}.credit`, ({ payload }) => this.#onCredit(payload));
    this.#beat = every(ports.clock, open.idleTimeoutMs / BEATS_PER_IDLE_TIMEOUT, () => this.#onBeat());
  }

  /** Aborts when the consumer has left or is silent. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Waits for a credit. Sends nothing when the signal has aborted. */
  async send(payload: Uint8Array, isLast: boolean, trailer?: string): Promise<void> {
    while (this.#itemIndex >= this.#creditCount && !this.signal.aborted) await new Promise<void>((settle) => (this.#wake = settle));
    if (this.signal.aborted) return;
    this.#publish(payload, isLast, { trailer });
    this.#itemIndex += 1;
  }

  /** The last item, for which no credit is needed. */
  fail(error: DbError): void {
    if (!this.signal.aborted) this.#publish(NOTHING, true, { error });
  }

  close(): void {
    this.#beat.cancel();
    this.#subscription.unsubscribe();
  }

  #publish(payload: Uint8Array, isLast: boolean, { error, trailer }: { readonly error?: DbError; readonly trailer?: string | undefined } = {}): void {
    const header = { itemIndex: this.#itemIndex, isLast, errorCode: error?.code, errorText: error?.message, trailer };
    this.#ports.bus.publish(this.#hasReplied ? this.#inbox : this.#replyTo, encode('streamItem', header, payload));
    this.#hasReplied = true;
  }

  #onBeat(): void {
    if (this.#ports.clock.monotonicMs() - this.#heardMs >= this.#idleTimeoutMs) this.#leave();
    else this.#publish(NOTHING, false);
  }

  #onCredit(payload: Uint8Array): void {
    this.#heardMs = this.#ports.clock.monotonicMs();
    try {
      const { header } = decode(payload, 'streamCredit');
      this.#creditCount = Math.max(this.#creditCount, header.creditCount);
      if (header.isCancelled) this.#leave();
    } catch (error) {
      this.#ports.log.warn('Unreadable stream credit; the stream is given up', { error });
      this.#leave();
    }
    this.#wake?.();
  }

  #leave(): void {
    this.#abort.abort();
    this.#wake?.();
  }
}

/** Calls at an interval until it is cancelled. */
function every(clock: Clock, intervalMs: DurationMs, onDue: () => void): Timer {
  let timer = clock.after(intervalMs, again);
  function again(): void {
    timer = clock.after(intervalMs, again);
    onDue();
  }
  return { cancel: () => timer.cancel() };
}
