import type { IncarnationId, ShardId } from './ids.ts';

/**
 * Hybrid logical clock stamp of one frame. For the same (series, time, field) the greatest version wins on every
 * replica. Ordered by wallMs, then counter, then incarnation. Source: DESIGN §3.
 */
export interface Version {
  /** 48 bits. */
  readonly wallMs: number;
  /** 16 bits. */
  readonly counter: number;
  /** 32 bits. */
  readonly incarnation: IncarnationId;
}

/** Negative, zero or positive, as for `Array.sort`. */
export function compareVersions(left: Version, right: Version): number {
  return left.wallMs - right.wallMs || left.counter - right.counter || left.incarnation - right.incarnation;
}

/** The watermark of a shard whose watermark was never told: nothing is below it. */
export const NO_WATERMARK: Version = { wallMs: 0, counter: 0, incarnation: 0 };

/** Names one frame for ever. Numbers are contiguous from 1 per (incarnation, shard), taken at publish. */
export interface MutationId {
  readonly incarnation: IncarnationId;
  readonly shard: ShardId;
  readonly number: number;
}
