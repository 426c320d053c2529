import type { DurationMs } from '@varve/base';

/** Bytes on a subject. The receiver must not change `payload`: in one process it is the sender's buffer. */
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

/**
 * Subjects with at-most-once delivery, as core NATS has them: a message may be lost, repeated, delayed or reordered
 * between different senders; messages of one sender on one subject stay in order. Delivery is never synchronous with
 * `publish`. A subscription's `*` stands for one token of the subject, `>` for the rest.
 */
export interface Bus {
  /** After close the message is dropped. */
  publish(subject: string, payload: Uint8Array, replyTo?: string): void;
  /** With a `queue`, each message goes to one subscriber of that queue. The handler must not throw. @throws DbError BUS_CLOSED after close */
  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): Subscription;
  /**
   * The first answer.
   * @throws DbError BUS_TIMEOUT when none came in time
   * @throws DbError BUS_NO_RESPONDERS when nobody listens on the subject
   * @throws DbError BUS_CLOSED after close
   */
  request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array>;
  /** A subject that only this connection uses, for answers. */
  newInbox(): string;
  /** Delivers what is under way, then refuses: requests that still wait end with BUS_CLOSED. */
  close(): Promise<void>;
}
