import { LIMITS } from '@varve/config';
import type { BatchSeries, FieldType, MutationId, ShardId, TableSlice, Tombstone, Version } from '@varve/model';
import type { TimestampNs } from '@varve/base';
import type { ColumnRoom } from './column-room.ts';

/** No frame is bigger, header included. A bigger batch becomes several frames. Source: DESIGN §3. */
export const FRAME_SIZE_BYTES_MAX = LIMITS.frameSizeBytesMax;
/** No frame has more rows, so that what a few bytes say about constant columns cannot ask for much memory. */
export const FRAME_ROW_COUNT_MAX = 65_536;

/** What a frame holds: rows or nothing, or a delete. */
export type FrameKind = 'rows' | 'tombstone';

/** What stands in front of every frame. Source: docs/formats/frame.md. */
export interface FrameHeader {
  readonly shard: ShardId;
  readonly kind: FrameKind;
  readonly mutation: MutationId;
  readonly version: Version;
  /** 0 in a tombstone, and in a void frame, which only says that its mutation id is settled. */
  readonly rowCount: number;
}

/** What the coordinator gives each frame: taken in row order, one per frame. */
export type FrameStamp = Pick<FrameHeader, 'mutation' | 'version'>;

/** The rows of a batch that belong to one shard. */
export interface FrameSlice {
  readonly shard: ShardId;
  /** Where the shard's window starts; no row is earlier. */
  readonly startNs: TimestampNs;
  /** In row order; a measurement occurs once, a column name once per table. */
  readonly tables: readonly TableSlice[];
  /** What the tables' `seriesIndexes` point into. */
  readonly series: readonly BatchSeries[];
}

/** A checked frame: journal record and memtable segment at once. */
export interface Frame extends RowsFrame {
  readonly sections: readonly FrameSection[];
  /** In a frame of that kind only. */
  readonly tombstone: Tombstone | undefined;
}

/** The rows of a frame, for who knows their series already. */
export interface RowsFrame {
  readonly header: FrameHeader;
  /** One per measurement, in order of first appearance; none in a tombstone. */
  readonly sections: readonly RowsSection[];
  /** What it was decoded from. */
  readonly bytes: Uint8Array;
  /** What the rows take in memory, for budgets: the bytes and what was parsed of them, without the series keys. */
  readonly sizeBytes: number;
}

/**
 * Rows of one measurement. Take what is needed of the series keys, keep `rows` and let the section go: the keys as
 * strings may be bigger than the frame.
 */
export interface FrameSection extends RowsSection {
  /** Canonical series keys, distinct. Series i has the rows [rowStarts[i], rowStarts[i + 1]), at least one. */
  readonly seriesKeys: readonly string[];
}

export interface RowsSection {
  readonly measurement: string;
  readonly rows: FrameRows;
}

/**
 * The rows of a section, still packed (about 13 bytes for a time and ten small integers): what is read is unpacked anew
 * with each call. Sorted by series and then by time; a (series, time) occurs once. Ranges are half-open, [firstRow, endRow).
 * Reading never fails: everything was checked by `decodeFrame`.
 */
export interface FrameRows {
  readonly rowCount: number;
  /** One more item than there are series; starts with 0, ends with `rowCount`. */
  readonly rowStarts: Uint32Array;
  /** Of the times of all rows, both inclusive: nanoseconds from the shard's start. */
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  /** Names are unique. */
  readonly columns: readonly FrameColumn[];
  /** The time of a row: nanoseconds from the shard's start, exact, ascending inside a series. */
  offsetAt(row: number): number;
  /** The times of rows go into an array, from `to` on. */
  readOffsets(firstRow: number, endRow: number, into: Float64Array, to: number): void;
  /** The values of rows go behind those that are in the room. */
  readColumn(columnIndex: number, firstRow: number, endRow: number, into: ColumnRoom): void;
}

/** A field of a section. */
export interface FrameColumn {
  readonly name: string;
  readonly type: FieldType;
  /** Whether any row lacks a value. */
  readonly hasNulls: boolean;
}
