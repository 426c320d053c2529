import type { TagExpression } from './tag-expression.ts';

/**
 * What a delete hides in one shard: every cell of these series in this time that has a lower version than the frame that
 * brings it. docs/specs/tombstones.md.
 */
export interface Tombstone {
  /** Undefined: series of every measurement. */
  readonly measurement: string | undefined;
  readonly series: TagExpression;
  /** Half-open, [start, end), in nanoseconds from the shard's start. Invariant: start < end. */
  readonly startOffsetNs: number;
  readonly endOffsetNs: number;
}
