import { assert } from '@varve/base';
import type { FrameRows, RowsFrame } from '@varve/frame';
import { compareVersions, type Version } from '@varve/model';
import { gatherRows, type RowPiece, type RowSegment, type SeriesPieces } from './gather-rows.ts';
import { firstRowFrom, HeldPieces, inOrder } from './held-pieces.ts';
import { fieldKey, type OffsetRange } from './rows.ts';
import { normalized, type SortedRows } from './sorted-rows.ts';
import { UintList } from './uint-list.ts';
import { WantedFields, type SegmentFields } from './wanted-fields.ts';

/*
 * Frames that are durable in the journal and not yet in chunks. A section of a frame stays as it came, packed: a segment.
 * What is added is one entry per (segment, series), chained from the newest to the oldest of a series:
 *
 *     series ─▶ entry 7 ─▶ entry 4 ─▶ entry 0        entry ─▶ segment and place in it ─▶ rows [rowStarts[i], rowStarts[i+1])
 *
 * Nothing is sorted or resolved before somebody reads. Who reads unpacks the rows of his range and fields and no others, piece
 * behind piece (held-pieces.ts); versions decide only where a time occurs twice.
 */

/** A section of a frame. */
interface Segment extends RowSegment {
  readonly measurement: string;
  /** Series i of the section. */
  readonly seriesIds: Uint32Array;
  readonly firstEntry: number;
  /** The greatest time in it and in all older ones. */
  readonly reachedNs: number;
}

/** A frame's rows as they came, and the ids of their series: all that it takes to have them in a memtable again. */
export interface HeldFrame {
  readonly bytes: Uint8Array;
  /** Of each section; series i of the section. */
  readonly seriesIds: readonly Uint32Array[];
}

/** Stands for "no older entry". */
const NONE = 0xffffffff;
const EVERYTHING: OffsetRange = { startOffsetNs: -Infinity, endOffsetNs: Infinity };
/** An entry and its share of the map. */
const ENTRY_SIZE_BYTES = 24;
const SEGMENT_SIZE_BYTES = 200;

/** The newest rows of a shard. Append-only: rows leave with the memtable as a whole. */
export class Memtable {
  readonly #frames: HeldFrame[] = [];
  readonly #segments: Segment[] = [];
  /** Entry → index of its segment. */
  readonly #segmentOf = new UintList();
  /** Entry → the entry before it of the same series. */
  readonly #previous = new UintList();
  readonly #lastEntry = new Map<number, number>();
  /** Measurement → its series here, in order of appearance. */
  readonly #seriesIds = new Map<string, number[]>();
  readonly #fields = new Map<string, SegmentFields>();
  #sizeBytes = 0;
  #rowCount = 0;
  #leastVersion: Version | undefined;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Frames with rows, in the order in which they came. */
  get frames(): readonly HeldFrame[] {
    return this.#frames;
  }

  /** Of the times of all rows, both inclusive, and their least version; undefined without any. */
  get extent(): { readonly minNs: number; readonly maxNs: number; readonly least: Version } | undefined {
    if (this.#leastVersion === undefined) return undefined;
    let [minNs, maxNs] = [Infinity, -Infinity];
    for (const { rows: { minOffsetNs, maxOffsetNs } } of this.#segments) [minNs, maxNs] = [Math.min(minNs, minOffsetNs), Math.max(maxNs, maxOffsetNs)];
    return { minNs, maxNs, least: this.#leastVersion };
  }

  /** Of all rows; undefined without any. */
  get leastVersion(): Version | undefined {
    return this.#leastVersion;
  }

  /** Keeps the frame's rows; its series are those of the ids, section by section. */
  insert({ header, sections, bytes, sizeBytes }: RowsFrame, seriesIds: readonly Uint32Array[]): void {
    for (const [index, { measurement, rows }] of sections.entries()) {
      const ofSection = seriesIds[index]!;
      assert(rows.rowStarts.length === ofSection.length + 1, `${ofSection.length} series for ${rows.rowStarts.length} row starts`);
      this.#add({ measurement, rows, seriesIds: ofSection, version: header.version });
    }
    if (sections.length > 0) this.#frames.push({ bytes, seriesIds });
    this.#sizeBytes += sizeBytes;
  }

  /** Takes over everything that a newer memtable holds. */
  absorb(newer: Memtable): void {
    const sizeBytes = this.#sizeBytes + newer.#sizeBytes;
    for (const segment of newer.#segments) this.#add(segment);
    for (const frame of newer.#frames) this.#frames.push(frame);
    this.#sizeBytes = sizeBytes;
  }

  /** Rows of a series in the range, of sections that have any of the fields. Undefined: there are none. */
  rowsOf(seriesId: number, { startOffsetNs, endOffsetNs }: OffsetRange, wanted: WantedFields): HeldPieces | undefined {
    const pieces: RowPiece[] = [];
    let [newerNs, areApart] = [Infinity, true];
    for (let entry = this.#lastEntry.get(seriesId) ?? NONE; entry !== NONE; entry = this.#previous.at(entry)) {
      const segment = this.#segments[this.#segmentOf.at(entry)]!;
      if (segment.reachedNs < startOffsetNs) break;
      const { minOffsetNs, maxOffsetNs, rowStarts } = segment.rows;
      if (minOffsetNs >= endOffsetNs || maxOffsetNs < startOffsetNs || wanted.ofSegment(segment.fields).length === 0) continue;
      const place = entry - segment.firstEntry;
      const piece = { segment, startRow: rowStarts[place]!, endRow: rowStarts[place + 1]! };
      if (minOffsetNs < startOffsetNs) piece.startRow = firstRowFrom(piece, startOffsetNs);
      if (maxOffsetNs >= endOffsetNs) piece.endRow = firstRowFrom(piece, endOffsetNs);
      if (piece.startRow === piece.endRow) continue;
      pieces.push(piece);
      if (maxOffsetNs >= newerNs) areApart = false;
      newerNs = minOffsetNs;
    }
    if (pieces.length === 0) return undefined;
    pieces.reverse();
    return new HeldPieces(seriesId, areApart ? { pieces, isAscending: true } : inOrder(pieces));
  }

  /** Between which times the segments lie that have rows of a series, both inclusive. Undefined: there are none. */
  timesOf(seriesId: number): { readonly minOffsetNs: number; readonly maxOffsetNs: number } | undefined {
    let [minOffsetNs, maxOffsetNs] = [Infinity, -Infinity];
    for (let entry = this.#lastEntry.get(seriesId) ?? NONE; entry !== NONE; entry = this.#previous.at(entry)) {
      const { rows } = this.#segments[this.#segmentOf.at(entry)]!;
      [minOffsetNs, maxOffsetNs] = [Math.min(minOffsetNs, rows.minOffsetNs), Math.max(maxOffsetNs, rows.maxOffsetNs)];
    }
    return minOffsetNs > maxOffsetNs ? undefined : { minOffsetNs, maxOffsetNs };
  }

  /** Everything, measurement by measurement, each in parts of about so many cells, so that unpacked rows never take much memory. */
  *sorted(cellCountMax: number): Generator<Iterable<SortedRows>> {
    for (const seriesIds of this.#seriesIds.values()) yield this.#sorted(Uint32Array.from(seriesIds).sort(), cellCountMax);
  }

  /** Series ascend, each in normal form; one may continue in the next part. */
  *#sorted(seriesIds: Uint32Array, cellCountMax: number): Generator<SortedRows> {
    let batch: SeriesPieces[] = [];
    let area = new Area();
    const wanted = new WantedFields(undefined);
    for (const seriesId of seriesIds) {
      let pieces: RowPiece[] = [];
      for (const piece of cutPieces(this.rowsOf(seriesId, EVERYTHING, wanted)!.pieces, cellCountMax)) {
        if (area.rowCount > 0 && area.cellCountWith(piece) > cellCountMax) {
          if (pieces.length > 0) batch.push({ seriesId, pieces });
          yield normalized(gatherRows(batch, wanted));
          [batch, pieces, area] = [[], [], new Area()];
        }
        pieces.push(piece);
        area.add(piece);
      }
      batch.push({ seriesId, pieces });
    }
    yield normalized(gatherRows(batch, wanted));
  }

  #add(section: Omit<Segment, 'firstEntry' | 'fields' | 'reachedNs'>): void {
    const { measurement, seriesIds, rows, version } = section;
    if (this.#leastVersion === undefined || compareVersions(version, this.#leastVersion) < 0) this.#leastVersion = version;
    const reachedNs = Math.max(rows.maxOffsetNs, this.#segments.at(-1)?.reachedNs ?? -Infinity);
    this.#segments.push({ ...section, fields: this.#fieldsOf(rows), firstEntry: this.#segmentOf.length, reachedNs });
    let measured = this.#seriesIds.get(measurement);
    if (measured === undefined) this.#seriesIds.set(measurement, (measured = []));
    for (const seriesId of seriesIds) {
      const previous = this.#lastEntry.get(seriesId);
      if (previous === undefined) measured.push(seriesId);
      this.#lastEntry.set(seriesId, this.#segmentOf.length);
      this.#segmentOf.push(this.#segments.length - 1);
      this.#previous.push(previous ?? NONE);
    }
    this.#rowCount += rows.rowCount;
    this.#sizeBytes += SEGMENT_SIZE_BYTES + seriesIds.length * ENTRY_SIZE_BYTES;
  }

  #fieldsOf({ columns }: FrameRows): SegmentFields {
    const text = JSON.stringify(columns.map(({ name, type }) => fieldKey(name, type)));
    let fields = this.#fields.get(text);
    if (fields === undefined) this.#fields.set(text, (fields = columns.map(({ name, type }) => ({ name, type }))));
    return fields;
  }
}

/** Rows that are gathered together: each gets a cell of each column that any of them has, and a time. */
class Area {
  rowCount = 0;
  readonly #fields = new Set<string>();
  readonly #known = new Set<SegmentFields>();

  cellCountWith({ segment: { fields }, startRow, endRow }: RowPiece): number {
    this.#learn(fields);
    return (this.rowCount + endRow - startRow) * (this.#fields.size + 1);
  }

  add({ segment: { fields }, startRow, endRow }: RowPiece): void {
    this.#learn(fields);
    this.rowCount += endRow - startRow;
  }

  /** Nearly always all segments have the same. */
  #learn(fields: SegmentFields): void {
    if (this.#known.has(fields)) return;
    this.#known.add(fields);
    for (const { name, type } of fields) this.#fields.add(fieldKey(name, type));
  }
}

function cellCountOf({ segment, startRow, endRow }: RowPiece): number {
  return (endRow - startRow) * (segment.rows.columns.length + 1);
}

/** Pieces of at most so many cells, or of one row. */
function cutPieces(pieces: readonly RowPiece[], cellCountMax: number): readonly RowPiece[] {
  if (pieces.every((piece) => cellCountOf(piece) <= cellCountMax)) return pieces;
  return pieces.flatMap((piece) => {
    const rowCountMax = Math.max(1, Math.floor(cellCountMax / (piece.segment.rows.columns.length + 1)));
    const cut: RowPiece[] = [];
    for (let startRow = piece.startRow; startRow < piece.endRow; startRow += rowCountMax) {
      cut.push({ ...piece, startRow, endRow: Math.min(startRow + rowCountMax, piece.endRow) });
    }
    return cut;
  });
}
