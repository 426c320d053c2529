import type { FieldType, FieldValue } from './column.ts';
import type { TagSet } from './series-key.ts';

/** A cell of an answer. Times are in the block's `times`, never in cells. bigint only beyond ±(2^53 − 1). */
export type Cell = FieldValue | null;

/** Times of rows as `SplitTimes` has them, in arrays of any kind: most blocks are too short for a typed array to be worth making. */
export interface BlockTimes {
  readonly ms: ArrayLike<number>;
  readonly subNs: ArrayLike<number>;
}

/** A cell as it is shown: in the answer to one SHOW, a list of texts. */
export type ShownCell = Cell | readonly string[];

/**
 * A piece of one result series. Blocks of a series come one after the other; a block with another name or other tags
 * begins the next series.
 */
export interface SeriesBlock<Shown extends ShownCell = Cell> {
  readonly name: string;
  /** undefined: the answer has no `tags` member. */
  readonly tags: TagSet | undefined;
  /** Names of all columns; the first names the time (`time` or its alias) exactly when `times` is there. */
  readonly columns: readonly string[];
  readonly times: BlockTimes | undefined;
  /** Name of the zone whose clock RFC 3339 times are written by; absent: UTC. */
  readonly timeZone?: string | undefined;
  /** One array per column after the time column. */
  readonly cells: readonly (readonly Shown[])[];
  /** One per column of `cells`: formats that tell 3 from 3.0 need it. Absent: whole numbers are integers. */
  readonly cellTypes?: readonly (FieldType | 'unknown')[];
  readonly rowCount: number;
  /** More rows of this very series follow in the next block. */
  readonly isPartial: boolean;
}
