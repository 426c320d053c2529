import { assert } from '@varve/base';
import type { FrameRows, RowsFrame } from '@varve/frame';
import { compareVersions, type Version } from '@varve/model';
import { gatherRows, type RowPiece, type SeriesPieces } from './gather-rows.ts';
import { fieldKey, type OffsetRange, type VersionedRows } from './rows.ts';
import { normalized, type SortedRows } from './sorted-rows.ts';
import { UintList } from './uint-list.ts';

/*
 * Frames that are durable in the journal and not yet in chunks. A section of a frame stays as it came, packed: a segment.
 * What is added is one entry per (segment, series), chained from the newest to the oldest of a series:
 *
 *     series ─▶ entry 7 ─▶ entry 4 ─▶ entry 0        entry ─▶ segment and place in it ─▶ rows [rowStarts[i], rowStarts[i+1])
 *
 * Nothing is sorted or resolved before somebody reads: rows are merged by version then.
 */

/** A section of a frame. */
interface Segment {
  readonly measurement: string;
  readonly rows: FrameRows;
  readonly version: Version;
  readonly fields: Fields;
  /** Series i of the section. */
  readonly seriesIds: Uint32Array;
  readonly firstEntry: number;
}

/** A frame's rows as they came, and the ids of their series: all that it takes to have them in a memtable again. */
export interface HeldFrame {
  readonly bytes: Uint8Array;
  /** Of each section; series i of the section. */
  readonly seriesIds: readonly Uint32Array[];
}

/** Names and types of columns: one object for all sections that have the same ones in the same order. */
type Fields = readonly string[];

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
  readonly #fields = new Map<string, Fields>();
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

  /** Rows of a series in normal form, of the named fields; some lie outside of the range. Undefined: none. */
  read(seriesId: number, range: OffsetRange, names: ReadonlySet<string> | undefined): VersionedRows | undefined {
    const pieces = this.#piecesOf(seriesId, range);
    return pieces.length === 0 ? undefined : normalized(gatherRows([{ seriesId, pieces }], names));
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
    for (const seriesId of seriesIds) {
      let pieces: RowPiece[] = [];
      for (const piece of cutPieces(this.#piecesOf(seriesId, EVERYTHING), cellCountMax)) {
        if (area.rowCount > 0 && area.cellCountWith(piece) > cellCountMax) {
          if (pieces.length > 0) batch.push({ seriesId, pieces });
          yield normalized(gatherRows(batch));
          [batch, pieces, area] = [[], [], new Area()];
        }
        pieces.push(piece);
        area.add(piece);
      }
      batch.push({ seriesId, pieces });
    }
    yield normalized(gatherRows(batch));
  }

  #add(section: Omit<Segment, 'firstEntry' | 'fields'>): void {
    const { measurement, seriesIds, rows, version } = section;
    if (this.#leastVersion === undefined || compareVersions(version, this.#leastVersion) < 0) this.#leastVersion = version;
    this.#segments.push({ ...section, fields: this.#fieldsOf(rows), firstEntry: this.#segmentOf.length });
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

  #fieldsOf({ columns }: FrameRows): Fields {
    const keys = columns.map(({ name, type }) => fieldKey(name, type));
    const text = JSON.stringify(keys);
    const known = this.#fields.get(text);
    if (known === undefined) this.#fields.set(text, keys);
    return known ?? keys;
  }

  /** Of segments that overlap the range, by their first time: batches that came in any order are in order then, if they do not overlap. */
  #piecesOf(seriesId: number, { startOffsetNs, endOffsetNs }: OffsetRange): SegmentPiece[] {
    const pieces: SegmentPiece[] = [];
    for (let entry = this.#lastEntry.get(seriesId) ?? NONE; entry !== NONE; entry = this.#previous.at(entry)) {
      const segment = this.#segments[this.#segmentOf.at(entry)]!;
      const { minOffsetNs, maxOffsetNs, rowStarts } = segment.rows;
      if (minOffsetNs >= endOffsetNs || maxOffsetNs < startOffsetNs) continue;
      const place = entry - segment.firstEntry;
      pieces.push({ segment, startRow: rowStarts[place]!, endRow: rowStarts[place + 1]! });
    }
    return pieces.reverse().sort((left, right) => left.segment.rows.minOffsetNs - right.segment.rows.minOffsetNs);
  }
}

/** Rows that are gathered together: each gets a cell of each column that any of them has, and a time. */
class Area {
  rowCount = 0;
  readonly #fields = new Set<string>();
  readonly #known = new Set<Fields>();

  cellCountWith({ segment: { fields }, startRow, endRow }: SegmentPiece): number {
    this.#learn(fields);
    return (this.rowCount + endRow - startRow) * (this.#fields.size + 1);
  }

  add({ segment: { fields }, startRow, endRow }: SegmentPiece): void {
    this.#learn(fields);
    this.rowCount += endRow - startRow;
  }

  /** Nearly always all segments have the same. */
  #learn(fields: Fields): void {
    if (this.#known.has(fields)) return;
    this.#known.add(fields);
    for (const field of fields) this.#fields.add(field);
  }
}

interface SegmentPiece extends RowPiece {
  readonly segment: Segment;
}

function cellCountOf({ segment, startRow, endRow }: SegmentPiece): number {
  return (endRow - startRow) * (segment.rows.columns.length + 1);
}

/** Pieces of at most so many cells, or of one row. */
function cutPieces(pieces: readonly SegmentPiece[], cellCountMax: number): readonly SegmentPiece[] {
  if (pieces.every((piece) => cellCountOf(piece) <= cellCountMax)) return pieces;
  return pieces.flatMap((piece) => {
    const rowCountMax = Math.max(1, Math.floor(cellCountMax / (piece.segment.rows.columns.length + 1)));
    const cut: SegmentPiece[] = [];
    for (let startRow = piece.startRow; startRow < piece.endRow; startRow += rowCountMax) {
      cut.push({ ...piece, startRow, endRow: Math.min(startRow + rowCountMax, piece.endRow) });
    }
    return cut;
  });
}
