import { AssertionError, Scratch, type ByteReader, type SizeBytes } from '@varve/base';
import type { ColumnRoom } from './column-room.ts';
import { type PackedColumn, parsedSizeBytes, readPackedColumn, skipColumn } from './decode-column.ts';
import { UNITS_NS } from './encode-section.ts';
import type { FrameColumn, FrameRows } from './frame.ts';
import { invalidFrame } from './layout.ts';
import { OFFSET_NS_MAX } from './row-order.ts';
import { type PackedNumbers, numberAt, readNumbers, skipCounts, skipNumbers } from './packed-numbers.ts';

const scratch = new Scratch();

/** Rows over the bytes of their frame. */
export class PackedRows implements FrameRows {
  readonly rowCount: number;
  readonly rowStarts: Uint32Array;
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly columns: readonly FrameColumn[];
  readonly #columns: readonly PackedColumn[];
  readonly #view: DataView;
  readonly #times: PackedNumbers;
  readonly #unitNs: number;

  /** Steps over the rows of a section. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
  constructor(reader: ByteReader, seriesCount: number, rowCountMax: number) {
    const { bytes } = reader;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.rowCount = reader.varint();
    if (this.rowCount < seriesCount || this.rowCount > rowCountMax)
      throw invalidFrame(`${this.rowCount} rows of ${rowCountMax}`);
    this.rowStarts = this.#readStarts(skipCounts(reader, seriesCount), seriesCount);
    const unit = reader.u8();
    this.#unitNs = UNITS_NS[unit] ?? 0;
    if (this.#unitNs === 0) throw invalidFrame(`unknown unit of time ${unit}`);
    this.#times = skipNumbers(reader, this.rowCount);
    [this.minOffsetNs, this.maxOffsetNs] = this.#checkTimes();
    this.#columns = skipColumns(reader, this.#view, this.rowCount);
    this.columns = this.#columns;
  }

  /** What the parsed form takes beside the frame's bytes. */
  get sizeBytes(): SizeBytes {
    return this.#columns.reduce((sum, column) => sum + parsedSizeBytes(column), this.rowStarts.byteLength);
  }

  offsetAt(row: number): number {
    return numberAt(this.#view, this.#times, row) * this.#unitNs;
  }

  readOffsets(firstRow: number, endRow: number, into: Float64Array, to: number): void {
    this.#checkRange(firstRow, endRow);
    readNumbers(this.#view, this.#times, firstRow, into, to, endRow - firstRow, this.#unitNs);
  }

  readColumn(columnIndex: number, firstRow: number, endRow: number, into: ColumnRoom): void {
    this.#checkRange(firstRow, endRow);
    const column = this.#columns[columnIndex];
    if (column === undefined) throw new AssertionError(`column ${columnIndex} of ${this.#columns.length}`);
    readPackedColumn(this.#view, column, firstRow, endRow, into);
  }

  #checkRange(firstRow: number, endRow: number): void {
    const isThere = 0 <= firstRow && firstRow <= endRow && endRow <= this.rowCount;
    if (!isThere) throw new AssertionError(`rows [${firstRow}, ${endRow}) of ${this.rowCount}`);
  }

  #readStarts(counts: PackedNumbers, seriesCount: number): Uint32Array {
    const starts = new Uint32Array(seriesCount + 1);
    let end = 0;
    readNumbers(this.#view, counts, 0, new Float64Array(seriesCount)).forEach((count, series) => {
      end += count;
      if (!(count >= 1 && end <= this.rowCount))
        throw invalidFrame(`series ${series} ends at row ${end} of ${this.rowCount}`);
      starts[series + 1] = end;
    });
    if (end !== this.rowCount) throw invalidFrame(`${this.rowCount - end} rows without a series`);
    return starts;
  }

  /** Returns the least and the greatest time. */
  #checkTimes(): [minOffsetNs: number, maxOffsetNs: number] {
    const offsetsNs = scratch.take(this.rowCount);
    this.readOffsets(0, this.rowCount, offsetsNs, 0);
    let [minOffsetNs, maxOffsetNs] = [Infinity, -Infinity];
    for (let series = 0; series + 1 < this.rowStarts.length; series += 1) {
      minOffsetNs = Math.min(minOffsetNs, offsetsNs[this.rowStarts[series]!]!);
      let previous = -1;
      for (let row = this.rowStarts[series]!; row < this.rowStarts[series + 1]!; row += 1) {
        const offsetNs = offsetsNs[row]!;
        if (!(offsetNs > previous && offsetNs <= OFFSET_NS_MAX))
          throw invalidFrame(`row ${row} at ${offsetNs} ns after ${previous}`);
        previous = offsetNs;
      }
      maxOffsetNs = Math.max(maxOffsetNs, previous);
    }
    // Only floats, which are eight bytes wide, can be.
    if (this.#times.width === 8 && !offsetsNs.every(Number.isInteger)) throw invalidFrame('a time between two nanoseconds');
    return [minOffsetNs, maxOffsetNs];
  }
}

function skipColumns(reader: ByteReader, view: DataView, rowCount: number): PackedColumn[] {
  const columnCount = reader.varint();
  if (columnCount > reader.remaining) throw invalidFrame(`${columnCount} columns in ${reader.remaining} bytes`);
  const columns = Array.from({ length: columnCount }, () => skipColumn(reader, view, rowCount));
  if (new Set(columns.map(({ name }) => name)).size !== columnCount) throw invalidFrame('a column occurs twice');
  return columns;
}
