import { ColumnRoom, type FrameRows } from '@varve/frame';
import type { Column, NamedColumn, Version } from '@varve/model';
import { integerColumn } from './columns.ts';
import type { ReadRoom } from './read-room.ts';
import { rowVersions, type RowVersions } from './row-versions.ts';
import { fieldKey, type Cells } from './rows.ts';
import type { SortedRows } from './sorted-rows.ts';
import type { SegmentField, SegmentFields, WantedFields } from './wanted-fields.ts';

/*
 * From frames, where a column holds a few rows of each series, to one series after the other. A field has one array for all
 * of them, and what each frame has of a series is unpacked to where it belongs:
 *
 *     frame 1   a b c ─┐      a a b b b c
 *     frame 2   a b    ─┼─▶   └─┘ └───┘ └   rows of a series side by side
 *     frame 3   b      ─┘
 */

/** A section of a frame. */
export interface RowSegment {
  readonly rows: FrameRows;
  readonly version: Version;
  readonly fields: SegmentFields;
}

/** Rows [startRow, endRow) of a section: some of one series. */
export interface RowPiece {
  readonly segment: RowSegment;
  readonly startRow: number;
  readonly endRow: number;
}

/** What is gathered of one series. */
export interface SeriesPieces {
  readonly seriesId: number;
  readonly pieces: readonly RowPiece[];
  /** Times are known to ascend from the first row of the first piece to the last one of the last, each once. */
  readonly isAscending?: boolean;
}

/** One block per series: its rows piece by piece, with the wanted fields. No block is brought into order. */
export function gatherRows(groups: readonly SeriesPieces[], wanted: WantedFields, room?: ReadRoom): SortedRows {
  const pieces = groups.length === 1 ? groups[0]!.pieces : groups.flatMap((group) => group.pieces);
  const starts = startsOf(groups);
  const rowCount = starts[groups.length]!;
  const columns = fieldsOf(pieces, wanted).map((field, index) => ({ name: field.name, column: gatherColumn(field, pieces, new ColumnRoom(field.type, rowCount, room?.next(index + 1, rowCount))) }));
  return new GatheredRows(groups, starts, { offsetsNs: gatherOffsets(pieces, room?.next(0, rowCount) ?? new Float64Array(rowCount)), columns });
}

/** Versions are put together on first use: most reads find one row per time, and never ask. */
class GatheredRows implements SortedRows {
  readonly seriesIds: Uint32Array;
  readonly starts: Uint32Array;
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
  readonly isAscending: boolean;
  readonly #groups: readonly SeriesPieces[];
  #versions: RowVersions | undefined;

  constructor(groups: readonly SeriesPieces[], starts: Uint32Array, { offsetsNs, columns }: Cells) {
    this.seriesIds = Uint32Array.from(groups, ({ seriesId }) => seriesId);
    this.starts = starts;
    this.offsetsNs = offsetsNs;
    this.columns = columns;
    this.isAscending = groups.length === 1 && groups[0]!.isAscending === true;
    this.#groups = groups;
  }

  get versions(): RowVersions {
    this.#versions ??= versionsOf(this.#groups, this.offsetsNs.length);
    return this.#versions;
  }
}

function startsOf(groups: readonly SeriesPieces[]): Uint32Array {
  const starts = new Uint32Array(groups.length + 1);
  let rowCount = 0;
  for (let index = 0; index < groups.length; index += 1) {
    for (const { startRow, endRow } of groups[index]!.pieces) rowCount += endRow - startRow;
    starts[index + 1] = rowCount;
  }
  return starts;
}

/** A version is one object for all rows of its frame. */
function versionsOf(groups: readonly SeriesPieces[], rowCount: number): RowVersions {
  const ordinals = new Uint32Array(rowCount);
  const known = new Map<Version, number>();
  let row = 0;
  for (const { pieces } of groups) {
    for (const { segment, startRow, endRow } of pieces) {
      let ordinal = known.get(segment.version);
      if (ordinal === undefined) known.set(segment.version, (ordinal = known.size));
      ordinals.fill(ordinal, row, (row += endRow - startRow));
    }
  }
  return rowVersions([...known.keys()], ordinals);
}

/** The wanted fields of all pieces. Nearly always their sections have the same ones. */
function fieldsOf(pieces: readonly RowPiece[], wanted: WantedFields): readonly SegmentField[] {
  const segments = new Set<SegmentFields>();
  let last: SegmentFields | undefined;
  for (const { segment: { fields } } of pieces) if (fields !== last) segments.add((last = fields));
  if (last !== undefined && segments.size === 1) return wanted.ofSegment(last);
  const byField = Map.groupBy(Array.from(segments).flatMap((fields) => wanted.ofSegment(fields)), ({ name, type }) => fieldKey(name, type));
  return Array.from(byField.values(), (same) => ({ ...same[0]!, places: new Map(same.flatMap(({ places }) => [...places])) }));
}

function gatherOffsets(pieces: readonly RowPiece[], into: Float64Array): Float64Array {
  let row = 0;
  for (const { segment, startRow, endRow } of pieces) {
    segment.rows.readOffsets(startRow, endRow, into, row);
    row += endRow - startRow;
  }
  return into;
}

function gatherColumn({ places }: SegmentField, pieces: readonly RowPiece[], room: ColumnRoom): Column {
  let last: SegmentFields | undefined;
  let place: number | undefined;
  for (const { segment: { rows, fields }, startRow, endRow } of pieces) {
    if (fields !== last) place = places.get((last = fields));
    if (place === undefined) room.skip(endRow - startRow);
    else rows.readColumn(place, startRow, endRow, room);
  }
  const column = room.finish();
  return column.type === 'integer' ? integerColumn(column.values, column.validity) : column;
}
