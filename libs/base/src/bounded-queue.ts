import { assert } from './assert.ts';

/** First in, first out, with a hard bound: `offer` says no instead of growing. */
export class BoundedQueue<Item> {
  readonly capacity: number;
  #items: (Item | undefined)[] = [];
  #headIndex = 0;

  constructor(capacity: number) {
    assert(capacity >= 1, `queue capacity ${capacity} below 1`);
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#headIndex;
  }

  /** Returns false, and keeps nothing, when the queue is full. */
  offer(item: Item): boolean {
    if (this.size >= this.capacity) return false;
    this.#items.push(item);
    return true;
  }

  /** The oldest item, or undefined when there is none. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#headIndex];
    this.#items[this.#headIndex] = undefined;
    this.#headIndex += 1;
    if (this.#headIndex > 64 && this.#headIndex * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#headIndex);
      this.#headIndex = 0;
    }
    return item;
  }
}
