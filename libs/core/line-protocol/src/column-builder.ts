import { assert } from '@varve/base';
import type { Column, FieldType } from '@varve/model';

const CAPACITY_FIRST = 16;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Fills one column row by row. Rows come in ascending order; the same row again replaces its value. */
export class ColumnBuilder {
  readonly name: string;
  readonly type: FieldType;
  /** One more than the last row that has a value. */
  #rowEnd = 0;
  /** Floats, integers, and booleans as 0 and 1. */
  #numbers = new Float64Array(0);
  #integers: BigInt64Array | undefined;
  #texts: string[] = [];
  /** Absent while every row below `rowEnd` has a value. */
  #validity: Uint8Array | undefined;

  constructor(name: string, type: FieldType) {
    this.name = name;
    this.type = type;
  }

  get isEmpty(): boolean {
    return this.#rowEnd === 0;
  }

  /** @param capacity rows to make room for when there is none left */
  setNumber(rowIndex: number, value: number, capacity: number): void {
    this.#mark(rowIndex);
    if (rowIndex >= this.#numbers.length) this.#grow(rowIndex, capacity);
    if (this.#integers === undefined) this.#numbers[rowIndex] = value;
    else this.#integers[rowIndex] = BigInt(value);
  }

  setText(rowIndex: number, value: string): void {
    this.#mark(rowIndex);
    while (this.#texts.length < rowIndex) this.#texts.push('');
    this.#texts[rowIndex] = value;
  }

  setInteger(rowIndex: number, value: bigint, capacity: number): void {
    const isSafe = -MAX_SAFE <= value && value <= MAX_SAFE;
    this.setNumber(rowIndex, isSafe ? Number(value) : 0, capacity);
    if (isSafe) return;
    this.#integers ??= BigInt64Array.from(this.#numbers, BigInt);
    this.#integers[rowIndex] = value;
  }

  /** The column over `rowCount` rows; the arrays are views over the builder's. */
  finish(rowCount: number): Column {
    assert(this.#rowEnd <= rowCount, `a value at row ${this.#rowEnd - 1} of ${rowCount}`);
    if (this.#rowEnd < rowCount) this.#startValidity();
    const validity = this.#validity === undefined ? undefined : sized(this.#validity, (rowCount + 7) >> 3);
    switch (this.type) {
      case 'float':
        return { type: 'float', values: this.#sizedNumbers(rowCount), validity };
      case 'integer':
        return { type: 'integer', values: this.#sizedIntegers(rowCount) ?? this.#sizedNumbers(rowCount), validity };
      case 'boolean':
        return { type: 'boolean', values: Uint8Array.from(this.#sizedNumbers(rowCount)), validity };
      case 'string':
        while (this.#texts.length < rowCount) this.#texts.push('');
        return { type: 'string', values: this.#texts, validity };
    }
  }

  #mark(rowIndex: number): void {
    if (rowIndex > this.#rowEnd) this.#startValidity();
    if (rowIndex >= this.#rowEnd) this.#rowEnd = rowIndex + 1;
    const validity = this.#validity;
    if (validity === undefined) return;
    const byteIndex = rowIndex >> 3;
    if (byteIndex >= validity.length) this.#validity = sized(validity, Math.max(CAPACITY_FIRST, 2 * byteIndex));
    this.#validity![byteIndex]! |= 1 << (rowIndex & 7);
  }

  /** From here on rows without a value are told apart; all so far have one. */
  #startValidity(): void {
    if (this.#validity !== undefined) return;
    const validity = new Uint8Array((this.#rowEnd + 7) >> 3);
    validity.fill(0xff, 0, this.#rowEnd >> 3);
    if ((this.#rowEnd & 7) !== 0) validity[this.#rowEnd >> 3] = (1 << (this.#rowEnd & 7)) - 1;
    this.#validity = validity;
  }

  #grow(rowIndex: number, capacity: number): void {
    const length = Math.max(rowIndex + 1, capacity, CAPACITY_FIRST);
    const numbers = new Float64Array(length);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    if (this.#integers === undefined) return;
    const integers = new BigInt64Array(length);
    integers.set(this.#integers);
    this.#integers = integers;
  }

  #sizedNumbers(rowCount: number): Float64Array {
    if (this.#numbers.length < rowCount) this.#grow(rowCount - 1, rowCount);
    return this.#numbers.subarray(0, rowCount);
  }

  #sizedIntegers(rowCount: number): BigInt64Array | undefined {
    if (this.#numbers.length < rowCount) this.#grow(rowCount - 1, rowCount);
    return this.#integers?.subarray(0, rowCount);
  }
}

/** The same bytes in an array of another length, zeros behind them. */
function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (length <= bytes.length) return bytes.subarray(0, length);
  const grown = new Uint8Array(length);
  grown.set(bytes);
  return grown;
}
