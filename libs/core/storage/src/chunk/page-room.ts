const CELL_SIZE_BYTES = Float64Array.BYTES_PER_ELEMENT;

/**
 * Room for pages that are read one after the other, of `rowCount` rows in all: each column has one array, in which pages lie
 * beside each other, and all columns share one buffer. A buffer per page or column takes longer to make than to fill, and
 * pages apart would be copied when rows are put together.
 */
export class PageRoom {
  readonly #rowCount: number;
  readonly #buffer: ArrayBuffer;
  /** Column → where its next rows go, in cells from the buffer's start. */
  readonly #nextCells = new Map<string, number>();

  /** Columns that were not counted get buffers of their own. */
  constructor(rowCount: number, columnCount: number) {
    this.#rowCount = rowCount;
    this.#buffer = new ArrayBuffer(rowCount * columnCount * CELL_SIZE_BYTES);
  }

  /** The next rows of a column, by its name; '' for the times. */
  next(name: string, rowCount: number): Float64Array {
    const start = this.#nextCells.get(name) ?? this.#nextCells.size * this.#rowCount;
    this.#nextCells.set(name, start + rowCount);
    const startByte = start * CELL_SIZE_BYTES;
    const isInside = startByte + rowCount * CELL_SIZE_BYTES <= this.#buffer.byteLength;
    return isInside ? new Float64Array(this.#buffer, startByte, rowCount) : new Float64Array(rowCount);
  }
}
