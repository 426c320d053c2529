import { UintList } from '../uint-list.ts';
import { ByteStrings } from './byte-strings.ts';
import { HashSlots, hashBytes } from './hash-slots.ts';
import { KeyBuffer } from './key-buffer.ts';

/** The owner of a measurement's segment. */
export const NO_OWNER = 0;
/** What follows the last segment of a key: less than any byte. */
export const NO_BYTE = -1;

/** A segment in a key, and the byte that follows it there. */
export interface PlacedSegment {
  readonly segmentId: number;
  readonly next: number;
}

/**
 * The pieces between the unescaped commas of series keys, as they stand there: `cpu`, `host=a`. A tag belongs to the
 * segment of its measurement, its owner; the same text of two owners is two segments. Numbered from 1 up.
 */
export class Segments {
  readonly #texts = new ByteStrings();
  readonly #owners = new UintList();
  readonly #slots = new HashSlots();
  readonly #asked = new KeyBuffer();

  constructor() {
    this.#owners.push(NO_OWNER);
  }

  /** The greatest id given so far, 0 at first. */
  get lastId(): number {
    return this.#texts.lastId;
  }

  /** The id of the text in bytes [start, end); a new one gets the next id. */
  idOf(owner: number, key: KeyBuffer, start: number, end: number): number {
    const hash = hashBytes(key.view, start, end, owner);
    const known = this.#find(hash, owner, key, start, end);
    if (known !== 0) return known;
    const segmentId = this.#texts.push(key.bytes, start, end);
    this.#owners.push(owner);
    this.#slots.add(hash, segmentId);
    return segmentId;
  }

  /** The id of a text, 0 when it is none. */
  find(owner: number, text: string): number {
    if (!text.isWellFormed()) return 0;
    const asked = this.#asked;
    asked.setText(text);
    return this.#find(hashBytes(asked.view, 0, asked.size, owner), owner, asked, 0, asked.size);
  }

  ownerOf(segmentId: number): number {
    return this.#owners.at(segmentId);
  }

  textOf(segmentId: number): string {
    return this.textsOf([segmentId])[0]!;
  }

  /** Together they are read in a third of the time. */
  textsOf(segmentIds: readonly number[]): string[] {
    const asked = this.#asked;
    asked.size = 0;
    for (const segmentId of segmentIds) this.appendTo(asked, segmentId);
    const all = asked.text();
    if (all.length !== asked.size && segmentIds.length > 1)
      return segmentIds.map((segmentId) => this.textOf(segmentId));
    let offset = 0;
    return segmentIds.map((segmentId) => {
      const start = offset;
      offset += this.#texts.endOf(segmentId) - this.#texts.startOf(segmentId);
      return all.slice(start, offset);
    });
  }

  appendTo(key: KeyBuffer, segmentId: number): void {
    key.append(this.#texts.bytes, this.#texts.startOf(segmentId), this.#texts.endOf(segmentId));
  }

  /** Where the segment ends in the key when it stands at `offset`, -1 when it does not. */
  endIn(key: KeyBuffer, segmentId: number, offset: number): number {
    return this.#texts.endIn(key.view, segmentId, offset, key.size);
  }

  /** Sorts keys of which these segments are the first to differ, by UTF-16 code unit. */
  compare(left: PlacedSegment, right: PlacedSegment): number {
    const texts = this.#texts;
    const { bytes } = texts;
    const leftEnd = texts.endOf(left.segmentId);
    const rightEnd = texts.endOf(right.segmentId);
    let leftOffset = texts.startOf(left.segmentId);
    let rightOffset = texts.startOf(right.segmentId);
    while (leftOffset < leftEnd && rightOffset < rightEnd && bytes[leftOffset] === bytes[rightOffset]) {
      leftOffset += 1;
      rightOffset += 1;
    }
    const leftByte = leftOffset < leftEnd ? bytes[leftOffset]! : left.next;
    const rightByte = rightOffset < rightEnd ? bytes[rightOffset]! : right.next;
    return utf16Order(leftByte) - utf16Order(rightByte);
  }

  #find(hash: number, owner: number, key: KeyBuffer, start: number, end: number): number {
    const slots = this.#slots;
    for (let slot = slots.first(hash); ; slot = slots.next(slot)) {
      const segmentId = slots.idAt(slot);
      if (segmentId === 0) return 0;
      if (slots.hashAt(slot) !== hash || this.#owners.at(segmentId) !== owner) continue;
      if (this.#texts.endIn(key.view, segmentId, start, end) === end) return segmentId;
    }
  }
}

/** UTF-16 has what UTF-8 begins with 0xee or 0xef, from U+E000 on, behind what takes four bytes, the surrogate pairs. */
function utf16Order(byte: number): number {
  return byte === 0xee || byte === 0xef ? byte + 0x10 : byte;
}
