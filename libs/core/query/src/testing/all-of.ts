/** Everything that comes. */
export async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The same of what arrives several at a time. */
export async function allArrived<Item>(arrivals: AsyncIterable<Iterable<Item>>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const items of arrivals) all.push(...items);
  return all;
}
