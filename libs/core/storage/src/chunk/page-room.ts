/**
 * Room for pages that are read one after the other, of `rowCount` rows in all: each column has one array, in which pages lie
 * beside each other. An array per page takes longer to make than to fill, and would be copied when rows are put together.
 */
export class PageRoom {
  readonly #rowCount: number;
  readonly #times: ColumnRoom;
  readonly #fields = new Map<string, ColumnRoom>();

  constructor(rowCount: number) {
    this.#rowCount = rowCount;
    this.#times = new ColumnRoom(rowCount);
  }

  /** The next rows. */
  forTimes(rowCount: number): Float64Array {
    return this.#times.next(rowCount);
  }

  forField(name: string, rowCount: number): Float64Array {
    let room = this.#fields.get(name);
    if (room === undefined) this.#fields.set(name, (room = new ColumnRoom(this.#rowCount)));
    return room.next(rowCount);
  }
}

class ColumnRoom {
  readonly #values: Float64Array<ArrayBuffer>;
  #filled = 0;

  constructor(rowCount: number) {
    this.#values = new Float64Array(rowCount);
  }

  next(rowCount: number): Float64Array {
    const start = this.#filled;
    this.#filled += rowCount;
    return new Float64Array(this.#values.buffer, start * this.#values.BYTES_PER_ELEMENT, rowCount);
  }
}
