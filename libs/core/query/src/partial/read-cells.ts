import type { ByteReader, WholeSizeBytes } from '@varve/base';
import type { Cell } from '@varve/model';

/** A column of a block that came in: cells, or numbers and tags as they came, of which each reader takes its rows. */
export type ReadCells = readonly Cell[] | NumberCells | TagCells;

/** Numbers that lie in the bytes of a frame: whoever has one keeps the frame. */
export class NumberCells {
  readonly #reader: ByteReader;
  readonly #sizeBytes: WholeSizeBytes | 8;
  readonly #start: number;

  /** The next ones of a frame: f64 each, or whole numbers of fewer bytes. @throws DbError MESSAGE_INVALID */
  constructor(reader: ByteReader, rowCount: number, sizeBytes: WholeSizeBytes | 8) {
    this.#reader = reader;
    this.#sizeBytes = sizeBytes;
    this.#start = reader.skip(sizeBytes * rowCount);
  }

  at(row: number): number {
    const offset = this.#start + this.#sizeBytes * row;
    return this.#sizeBytes === 8 ? this.#reader.f64At(offset) : this.#reader.wholeAt(this.#sizeBytes, offset);
  }

  slice(startRow: number, endRow: number): number[] {
    const numbers: number[] = [];
    for (let row = startRow; row < endRow; row += 1) numbers.push(this.at(row));
    return numbers;
  }
}

/** What all rows of a series have. */
export class TagCells {
  readonly #bySeries: readonly (string | null)[];
  readonly #seriesOf: readonly number[];

  constructor(bySeries: readonly (string | null)[], seriesOf: readonly number[]) {
    this.#bySeries = bySeries;
    this.#seriesOf = seriesOf;
  }

  at(row: number): string | null {
    return this.#bySeries[this.#seriesOf[row]!]!;
  }

  slice(startRow: number, endRow: number): (string | null)[] {
    const tags: (string | null)[] = [];
    for (let row = startRow; row < endRow; row += 1) tags.push(this.at(row));
    return tags;
  }
}
