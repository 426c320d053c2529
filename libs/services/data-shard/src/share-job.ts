import type { SizeBytes } from '@varve/base';
import type { SeriesKey, ShardId, TimeRange } from '@varve/model';
import type { Excerpt } from '@varve/storage';

/** A share of a plan, for whoever has neither the shard nor its files: all of it can be cloned. docs/specs/scan-threads.md. */
export interface ShareJob {
  readonly shard: ShardId;
  /** As a plan travels; of it the share has one measurement, and this range. */
  readonly planBytes: Uint8Array;
  readonly measurement: string;
  readonly range: TimeRange;
  /** In the order in which the shard has them: sorted by key. */
  readonly seriesIds: Uint32Array;
  readonly excerpt: Excerpt;
  /** What the thread may keep of chunks, the same in all jobs. */
  readonly cacheSizeBytesMax: SizeBytes;
  /** What was lacking when it was tried before. */
  readonly given: Given | undefined;
}

/** What never changes, and need not be known for that reason. */
export interface Given {
  readonly series: ReadonlyMap<number, SeriesKey>;
  /** By id of the chunk, as the store has them. */
  readonly headers: ReadonlyMap<number, Uint8Array>;
  readonly payloads: ReadonlyMap<number, Uint8Array>;
}

/** Ids of what is needed and not there. Payloads are known to be needed only when headers are there. */
export interface Lacking {
  readonly series: readonly number[];
  readonly headers: readonly number[];
  readonly payloads: readonly number[];
}

/** `tooLarge`: it takes more memory than was thought. */
export type ShareAnswer =
  | { readonly kind: 'frames'; readonly frames: readonly Uint8Array[] }
  | { readonly kind: 'lacking'; readonly lacking: Lacking }
  | { readonly kind: 'tooLarge' };
