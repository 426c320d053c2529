/**
 * Hands out one by one what comes several at a time: what is there already costs no way through generators. Who reads asks for the
 * next item when it has the one before, as `for await` does.
 */
export class ItemByItem<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #arrivals: AsyncGenerator<readonly Item[]>;
  #items: readonly Item[] = [];
  #position = 0;

  constructor(arrivals: AsyncGenerator<readonly Item[]>) {
    this.#arrivals = arrivals;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    return this.#position < this.#items.length ? Promise.resolve({ value: this.#items[this.#position++]! }) : this.#nextArrival();
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#items = [];
    await this.#arrivals.return(undefined);
    return { done: true, value: undefined };
  }

  async #nextArrival(): Promise<IteratorResult<Item, undefined>> {
    for (;;) {
      const { done, value } = await this.#arrivals.next();
      if (done === true) return { done, value: undefined };
      this.#items = value;
      this.#position = 0;
      if (value.length > 0) return { value: value[this.#position++]! };
    }
  }
}
