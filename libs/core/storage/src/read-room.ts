const CELL_SIZE_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** What readers borrow that are done with their rows before the next read: 16 hours of a row each second, in two columns. */
const LENT_SIZE_BYTES = 1024 * 1024;
const lent = new ArrayBuffer(LENT_SIZE_BYTES);

/**
 * Room for pages and for what memtables have, which are read one after the other, `rowCount` rows in all: each column has one
 * array, in which they lie beside each other, and all columns share one buffer. A buffer per page or column takes longer to make
 * than to fill, and what lies apart would be copied when rows are put together.
 */
export class ReadRoom {
  readonly #rowCount: number;
  readonly #buffer: ArrayBuffer;
  /** Column → rows that it has by now. */
  readonly #rowCounts: number[] = [];

  /** Columns that were not counted get buffers of their own. `isBorrowed`: the room is let again to the next one who borrows. */
  constructor(rowCount: number, columnCount: number, isBorrowed: boolean) {
    const sizeBytes = rowCount * columnCount * CELL_SIZE_BYTES;
    this.#rowCount = rowCount;
    this.#buffer = isBorrowed && sizeBytes <= LENT_SIZE_BYTES ? lent : new ArrayBuffer(sizeBytes);
  }

  /** The next rows of a column: 0 is that of the times. */
  next(column: number, rowCount: number): Float64Array {
    const row = this.#rowCounts[column] ?? 0;
    this.#rowCounts[column] = row + rowCount;
    const startByte = (column * this.#rowCount + row) * CELL_SIZE_BYTES;
    const isInside = startByte + rowCount * CELL_SIZE_BYTES <= this.#buffer.byteLength;
    return isInside ? new Float64Array(this.#buffer, startByte, rowCount) : new Float64Array(rowCount);
  }
}
