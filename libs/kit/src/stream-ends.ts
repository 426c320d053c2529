import { DbError, type DurationMs } from '@varve/base';
import type { Bus, Clock, Log, StreamEnd } from '@varve/ports';
import type { Header, MessageKind } from '@varve/wire';
import type { Payload, PayloadCodec } from './payload.ts';

export interface StreamPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whom a stream is asked of, and until when. */
export interface StreamTarget {
  readonly subject: string;
  /** Over a wire: who is silent for so long is gone. */
  readonly idleTimeoutMs: DurationMs;
  readonly signal?: AbortSignal | undefined;
  /** Over a wire: whether who is asked is known to be silent, from another stream. Nothing more is waited for then. Absent: nobody knows. */
  readonly isSilent?: (() => boolean) | undefined;
  /** Told what the producer says at its end, if it says something and comes to its end. */
  readonly onTrailer?: ((trailer: string) => void) | undefined;
}

/** What a consumer asks. */
export interface Question<Kind extends MessageKind, Value> {
  readonly kind: Kind;
  readonly header: Header<Kind>;
  readonly payload: Payload<Value>;
}

/** Where a producer answers, and what. */
export interface StreamPlace<Kind extends MessageKind, Value> {
  readonly subject: string;
  /** Of several with the same, one is asked. */
  readonly queue?: string;
  readonly askedKind: Kind;
  readonly codec: PayloadCodec<Value>;
  readonly idleTimeoutMs: DurationMs;
}

/** A question as a producer has it. It belongs to whoever asked: to be read only. */
export interface Asked<Kind extends MessageKind, Value> {
  readonly header: Header<Kind>;
  readonly payload: Value;
}

/** Makes the items of a stream. */
export type Produce<Kind extends MessageKind, Value> = (asked: Asked<Kind, Value>, signal: AbortSignal, end: StreamEnd) => AsyncIterable<Uint8Array>;

/** Why a stream ends when its consumer's signal aborts. */
export function interrupted(): DbError {
  return new DbError('QUERY_INTERRUPTED', 'query interrupted');
}
