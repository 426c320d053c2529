/**
 * Hands out one by one what comes several at a time: what is there already costs no way through generators. Who reads asks for the
 * next item when it has the one before, as `for await` does.
 */
export function itemByItem<Item>(arrivals: AsyncGenerator<readonly Item[]>): AsyncIterableIterator<Item> {
  let items: readonly Item[] = [];
  let position = 0;
  const nextArrival = async (): Promise<IteratorResult<Item>> => {
    for (;;) {
      const { done, value } = await arrivals.next();
      if (done === true) return { done, value: undefined };
      items = value;
      position = 0;
      if (items.length > 0) return { value: items[position++]! };
    }
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => (position < items.length ? Promise.resolve({ value: items[position++]! }) : nextArrival()),
    return: async () => {
      items = [];
      await arrivals.return(undefined);
      return { done: true, value: undefined };
    },
  };
}
