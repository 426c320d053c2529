import { UintList } from '../uint-list.ts';
import type { IdSet } from './id-set.ts';
import { putVarint, varintSize } from './varint.ts';

/** In words: the block after this one, and how many bytes are used. */
const HEADER_WORDS = 2;
const FIRST_BLOCK_WORDS = 2;
const BLOCK_WORDS_MAX = 256;
const NONE = 0;

/**
 * Many ascending lists of ids from 1 up, in one buffer. A list of one id is only that number. A longer one is a ring of
 * blocks, each up to twice as big as the one before, with the distances from id to id as varints:
 *
 *     list ─▶ last id, last block        last block ─▶ first block ─▶ … ─▶ last block
 *
 * A block is words: [next block][capacity, used bytes][varints…].
 */
export class IdLists {
  /** 0: the list is empty. */
  readonly #lastIds = new UintList();
  /** `NONE`: the list has at most one id. */
  readonly #lastBlocks = new UintList();
  #words = new Uint32Array(64);
  #bytes = new Uint8Array(this.#words.buffer);
  /** No block is at 0. */
  #usedWords = 1;

  /** Makes a list, numbered from 0 up. */
  addList(): void {
    this.#lastIds.push(0);
    this.#lastBlocks.push(NONE);
  }

  /** Ids come in ascending order; one that comes twice counts once. */
  append(list: number, id: number): void {
    const lastId = this.#lastIds.at(list);
    if (id === lastId) return;
    this.#lastIds.set(list, id);
    if (lastId === 0) return;
    if (this.#lastBlocks.at(list) === NONE) this.#put(list, lastId);
    this.#put(list, id - lastId);
  }

  addTo(list: number, ids: IdSet): void {
    this.#each(list, (id) => ids.add(id));
  }

  removeFrom(list: number, ids: IdSet): void {
    this.#each(list, (id) => ids.remove(id));
  }

  #each(list: number, visit: (id: number) => void): void {
    const lastBlock = this.#lastBlocks.at(list);
    if (lastBlock === NONE) {
      const onlyId = this.#lastIds.at(list);
      if (onlyId !== 0) visit(onlyId);
      return;
    }
    const [words, bytes] = [this.#words, this.#bytes];
    let id = 0;
    let block = lastBlock;
    do {
      block = words[block]!;
      const start = (block + HEADER_WORDS) * 4;
      const end = start + usedBytes(words[block + 1]!);
      for (let offset = start; offset < end;) {
        let byte = bytes[offset++]!;
        let distance = byte & 0x7f;
        for (let shift = 7; byte >= 0x80; shift += 7) {
          byte = bytes[offset++]!;
          distance |= (byte & 0x7f) << shift;
        }
        id += distance;
        visit(id);
      }
    } while (block !== lastBlock);
  }

  #put(list: number, distance: number): void {
    let block = this.#lastBlocks.at(list);
    if (
      block === NONE ||
      usedBytes(this.#words[block + 1]!) + varintSize(distance) > capacityBytes(this.#words[block + 1]!)
    )
      block = this.#addBlock(list, block);
    const start = (block + HEADER_WORDS) * 4 + usedBytes(this.#words[block + 1]!);
    this.#words[block + 1]! += putVarint(this.#bytes, start, distance) - start;
  }

  #addBlock(list: number, lastBlock: number): number {
    const capacityWords =
      lastBlock === NONE
        ? FIRST_BLOCK_WORDS
        : Math.min(BLOCK_WORDS_MAX, capacityBytes(this.#words[lastBlock + 1]!) / 2);
    const block = this.#reserve(HEADER_WORDS + capacityWords);
    this.#words[block] = lastBlock === NONE ? block : this.#words[lastBlock]!;
    if (lastBlock !== NONE) this.#words[lastBlock] = block;
    this.#words[block + 1] = capacityWords * 0x1_00_00;
    this.#lastBlocks.set(list, block);
    return block;
  }

  #reserve(wordCount: number): number {
    const block = this.#usedWords;
    this.#usedWords += wordCount;
    if (this.#usedWords > this.#words.length) {
      const grown = new Uint32Array(2 * this.#words.length + wordCount);
      grown.set(this.#words);
      this.#words = grown;
      this.#bytes = new Uint8Array(grown.buffer);
    }
    return block;
  }
}

function usedBytes(sizes: number): number {
  return sizes & 0xff_ff;
}

function capacityBytes(sizes: number): number {
  return (sizes >>> 16) * 4;
}
