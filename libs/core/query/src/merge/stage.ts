/**
 * One step of the merge, as a function of what has arrived: only the arrival of frames is awaited, all that is done with their items
 * is done in one go, item by item; filled windows, which are many, in several (`stagedInTurns`). What a stage remembers goes from one
 * arrival to the next; with the last one, which may be empty, it lets go what is left. What it returns is read to its end before
 * anything else arrives, or given up together with all that would follow.
 */
export type Stage<In, Out> = (items: Iterable<In>, isLast: boolean) => Iterable<Out>;

/** What arrives together, as a stage takes it. */
export type Arrivals<Item> = AsyncIterable<Iterable<Item>>;

/** Lets everything pass as it is. */
export function passing<Item>(items: Iterable<Item>): Iterable<Item> {
  return items;
}

/** Changes every item in place. */
export function changing<Item>(change: (item: Item) => void): Stage<Item, Item> {
  return (items) => changed(items, change);
}

/** A generator function that is made anew for each query has a hidden class of its own, which every loop over it looks up again: it stands by itself. */
function* changed<Item>(items: Iterable<Item>, change: (item: Item) => void): Generator<Item> {
  for (const item of items) {
    change(item);
    yield item;
  }
}

/** One stage behind the other. */
export function piped<In, Between, Out>(first: Stage<In, Between>, second: Stage<Between, Out>): Stage<In, Out> {
  return (items, isLast) => second(first(items, isLast), isLast);
}

/** Sends arrivals through a stage, until nothing that follows could change anything: that tells the shards to stop. */
export async function* staged<In, Out>(arrivals: Arrivals<In>, stage: Stage<In, Out>, isDone = (): boolean => false): AsyncGenerator<Iterable<Out>> {
  for await (const items of arrivals) {
    yield stage(items, false);
    if (isDone()) break;
  }
  yield stage([], true);
}
