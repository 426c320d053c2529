import { assert } from '@varve/base';
import { UintList } from '../uint-list.ts';

/** Where one starts is kept in 32 bits. */
const SIZE_BYTES_MAX = 2 ** 32 - 1;
const WORD_SIZE = 4;

/** Byte strings numbered from 1 up, one after the other in one buffer: what they are takes no object each. */
export class ByteStrings {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  /** Where each ends; the one before the first is empty. */
  readonly #ends = new UintList();

  constructor() {
    this.#ends.push(0);
  }

  /** The greatest id given so far, 0 at first. */
  get lastId(): number {
    return this.#ends.length - 1;
  }

  /** The buffer that all lie in, until the next `push`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  startOf(id: number): number {
    return this.#ends.at(id - 1);
  }

  endOf(id: number): number {
    return this.#ends.at(id);
  }

  /** Takes a copy of bytes [start, end). @returns its id */
  push(bytes: Uint8Array, start: number, end: number): number {
    const ownStart = this.#ends.at(this.lastId);
    const ownEnd = ownStart + end - start;
    if (ownEnd > this.#bytes.length) this.#grow(ownEnd);
    for (let index = start; index < end; index += 1) this.#bytes[ownStart + index - start] = bytes[index]!;
    this.#ends.push(ownEnd);
    return this.lastId;
  }

  /** Where the string ends when it stands at `offset` and does not go beyond `end`; -1 when it does not stand there. */
  endIn(view: DataView, id: number, offset: number, end: number): number {
    const own = this.#view;
    const ownEnd = this.#ends.at(id);
    let ownOffset = this.#ends.at(id - 1);
    let other = offset;
    if (offset + ownEnd - ownOffset > end) return -1;
    for (; ownOffset + WORD_SIZE <= ownEnd; ownOffset += WORD_SIZE, other += WORD_SIZE)
      if (own.getInt32(ownOffset) !== view.getInt32(other)) return -1;
    for (; ownOffset < ownEnd; ownOffset += 1, other += 1)
      if (own.getUint8(ownOffset) !== view.getUint8(other)) return -1;
    return other;
  }

  #grow(sizeBytes: number): void {
    assert(sizeBytes <= SIZE_BYTES_MAX, `${sizeBytes} bytes of at most ${SIZE_BYTES_MAX}`);
    const grown = new Uint8Array(Math.min(SIZE_BYTES_MAX, Math.max(sizeBytes, 2 * this.#bytes.length)));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
