import type { DurationMs } from '@varve/base';

/**
 * Every bus carries a payload of this size, and none a larger one: what works in one process works in a cluster, whose
 * NATS takes 1 MiB unless it is configured otherwise.
 */
export const BUS_PAYLOAD_SIZE_BYTES_MAX = 2 ** 20;

/** Whether messages get through at the moment, as far as the bus knows. */
export type BusStatus = 'connected' | 'disconnected';

/** Bytes on a subject. The receiver must not change `payload`: in one process it is the sender's buffer. It stays as it is after the handler has returned. */
export interface BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Where an answer is awaited, when one is. */
  readonly replyTo?: string | undefined;
}

export interface Subscription {
  /** After it returns, the handler is not called again. */
  unsubscribe(): void;
}

/** What the producer of a stream says at its end. */
export interface StreamEnd {
  /** May be set until the last item. */
  trailer?: string;
}

/**
 * Makes the items of a stream that is asked for in the same process. What a question is, and what else the two sides owe each
 * other, is said where both are: in the kit.
 */
export type LocalProducer = (question: unknown, signal: AbortSignal, end: StreamEnd) => AsyncIterable<Uint8Array>;

/** Hands streams over from who serves them to who asks for them in the same process: a call, no message. */
export interface LocalStreams {
  /** Serves a subject without wildcards. Several may: each is asked in turn. @throws DbError BUS_CLOSED after close */
  serve(subject: string, producer: LocalProducer): Subscription;
  /** Who is asked next. @throws DbError BUS_NO_RESPONDERS when nobody serves the subject, BUS_CLOSED after close */
  producerOf(subject: string): LocalProducer;
}

/**
 * Subjects with at-most-once delivery, as core NATS has them: a message may be lost, repeated, delayed or reordered
 * between different senders; messages of one sender on one subject stay in order. Delivery is never synchronous with
 * `publish`. A subscription's `*` stands for one token of the subject, `>` for the rest.
 */
export interface Bus {
  /** While it is `disconnected`, what is published is lost and what others publish is not heard. So it is after close. */
  readonly status: BusStatus;
  /** Calls at each change until close. Once `connected` is said, every subscription is in force again. */
  onStatus(onChange: (status: BusStatus) => void): Subscription;
  /** After close the message is dropped. @throws DbError MESSAGE_INVALID above BUS_PAYLOAD_SIZE_BYTES_MAX */
  publish(subject: string, payload: Uint8Array, replyTo?: string): void;
  /** With a `queue`, each message goes to one subscriber of that queue. The handler must not throw. @throws DbError BUS_CLOSED after close */
  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): Subscription;
  /**
   * Resolves once every subscription made so far is in force: what anybody publishes from then on is heard. A message that
   * is sent before may overtake it on its way. Waits while disconnected; resolves after close.
   */
  subscribed(): Promise<void>;
  /**
   * The first answer. Asked while disconnected, the question is sent when the connection is back, if there is time left.
   * @throws DbError BUS_TIMEOUT when none came in time
   * @throws DbError BUS_NO_RESPONDERS when nobody listens on the subject
   * @throws DbError BUS_CLOSED after close
   * @throws DbError MESSAGE_INVALID above BUS_PAYLOAD_SIZE_BYTES_MAX
   */
  request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array>;
  /** A subject that only this connection uses, for answers. */
  newInbox(): string;
  /** Only where all that is connected is in this process: streams are served and asked for here, and not on the bus. */
  readonly local?: LocalStreams | undefined;
  /** Delivers what is under way, then refuses: requests that still wait end with BUS_CLOSED. */
  close(): Promise<void>;
}
