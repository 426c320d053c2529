import { bitmapSizeBytes } from '@varve/codec';
import type { Column, FieldType } from '@varve/model';

/**
 * Room for a column whose values come piece by piece, each behind the one before. Whoever brings some puts them where they
 * belong, from `row` on, and then says that they are there. Rows without a value are 0, false or ''.
 */
export class ColumnRoom {
  readonly #type: FieldType;
  readonly #rowCount: number;
  /** Numbers while doubles hold all of them. */
  #numbers: Float64Array | undefined;
  /** Everything else. */
  #others: BigInt64Array | Uint8Array | string[] | undefined;
  /** Absent while every row has a value. */
  #validity: Uint8Array | undefined;
  #row = 0;
  #validCount = 0;
  /** By what they were decoded from. */
  #texts: Map<object, Map<number, string>> | undefined;

  /** `numbers`: where numbers go that doubles hold; what is in it does not matter. */
  constructor(type: FieldType, rowCount: number, numbers?: Float64Array) {
    this.#type = type;
    this.#rowCount = rowCount;
    if (type === 'string') this.#others = new Array<string>(rowCount).fill('');
    else if (type === 'boolean') this.#others = new Uint8Array(rowCount);
    else this.#numbers = numbers ?? new Float64Array(rowCount);
  }

  /** Where numbers go that doubles hold; undefined: bigints are wanted. */
  get numbers(): Float64Array | undefined {
    return this.#numbers;
  }

  /** Where booleans go, or texts. */
  get others(): BigInt64Array | Uint8Array | string[] | undefined {
    return this.#others;
  }

  get row(): number {
    return this.#row;
  }

  /** Where bigints go: those that came before are bigints from now on. */
  widened(): BigInt64Array {
    if (this.#others === undefined) {
      this.#others = new BigInt64Array(this.#rowCount);
      for (let row = 0; row < this.#row; row += 1) this.#others[row] = BigInt(this.#numbers![row]!);
      this.#numbers = undefined;
    }
    return this.#others as BigInt64Array;
  }

  /** Texts of a dictionary that rows have had, by their codes. */
  textsOf(dictionary: object): Map<number, string> {
    this.#texts ??= new Map();
    let texts = this.#texts.get(dictionary);
    if (texts === undefined) this.#texts.set(dictionary, (texts = new Map()));
    return texts;
  }

  /** The next rows are there, each with a value. */
  added(rowCount: number): void {
    if (this.#validity !== undefined) setBits(this.#validity, this.#row, this.#row + rowCount);
    this.#validCount += rowCount;
    this.#row += rowCount;
  }

  /** The next rows are there, with a value where a bit is set: that of the first row is bit `firstBit` behind `at`. */
  addedWithNulls(rowCount: number, { bitmaps, at, firstBit }: { readonly bitmaps: DataView; readonly at: number; readonly firstBit: number }): void {
    const validity = this.#withNulls();
    for (let bit = firstBit; bit < firstBit + rowCount; bit += 1) {
      if (((bitmaps.getUint8(at + (bit >> 3)) >> (bit & 7)) & 1) === 1) {
        validity[this.#row >> 3]! |= 1 << (this.#row & 7);
        this.#validCount += 1;
      } else this.#clear(this.#row);
      this.#row += 1;
    }
  }

  /** The next rows have no value. */
  skip(rowCount: number): void {
    this.#withNulls();
    for (let count = 0; count < rowCount; count += 1) {
      this.#clear(this.#row);
      this.#row += 1;
    }
  }

  /** What came. `validity` is absent when every row has a value. */
  finish(): Column {
    const validity = this.#validCount === this.#rowCount ? undefined : this.#validity;
    return { type: this.#type, values: this.#numbers ?? this.#others, validity } as Column;
  }

  #withNulls(): Uint8Array {
    if (this.#validity === undefined) {
      this.#validity = new Uint8Array(bitmapSizeBytes(this.#rowCount));
      setBits(this.#validity, 0, this.#row);
    }
    return this.#validity;
  }

  #clear(row: number): void {
    if (this.#numbers !== undefined) this.#numbers[row] = 0;
    else if (this.#others instanceof BigInt64Array) this.#others[row] = 0n;
    else this.#others![row] = this.#type === 'string' ? '' : 0;
  }
}

function setBits(bits: Uint8Array, start: number, end: number): void {
  for (let bit = start; bit < end; bit += 1) {
    if ((bit & 7) === 0 && bit + 8 <= end) {
      bits[bit >> 3] = 0xff;
      bit += 7;
    } else bits[bit >> 3]! |= 1 << (bit & 7);
  }
}
