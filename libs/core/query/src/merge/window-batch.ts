import type { TimestampNs } from '@varve/base';
import type { Cell } from '@varve/model';
import type { GroupKey } from '../partial/group-key.ts';

/** Rows of windows of one group, merged over all shards, in the order of the answer. All row arrays run alike. */
export interface WindowBatch {
  readonly group: GroupKey;
  /** Per call: whether any shard has values for it in the group. The same array for all windows of a group. */
  readonly hasValues: readonly boolean[];
  /** When the row's window starts, as `SplitTimes`; 0 without windows. */
  readonly ms: number[];
  readonly subNs: number[];
  /** One array per input: the calls, then the neighbours of a selector. */
  readonly cells: Cell[][];
  /** When the first call's point is; undefined where it is none, or nobody asks for it. */
  readonly pointsNs: readonly (TimestampNs | undefined)[];
}
