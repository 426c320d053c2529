import type { MutationId, NamedColumn, ShardId, Version } from '@varve/model';

/** What stands in front of every frame. Source: docs/formats/frame.md. */
export interface FrameHeader {
  readonly shard: ShardId;
  readonly mutation: MutationId;
  readonly version: Version;
  readonly rowCount: number;
}

/**
 * A decoded frame: journal record and memtable segment at once. Its columns may be views over the frame's bytes, so the
 * bytes live as long as the frame.
 */
export interface Frame {
  readonly header: FrameHeader;
  /** One per measurement, in order of first appearance. */
  readonly sections: readonly FrameSection[];
  /** What it takes in memory, for budgets. */
  readonly sizeBytes: number;
}

/**
 * Rows of one measurement, sorted by series and then by time; a (series, time) occurs once. Series i has the rows
 * [rowStarts[i], rowStarts[i + 1]).
 */
export interface FrameSection {
  readonly measurement: string;
  readonly seriesKeys: readonly string[];
  /** One more item than `seriesKeys`. */
  readonly rowStarts: Uint32Array;
  /** Nanoseconds from the shard's start, exact. */
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
}
