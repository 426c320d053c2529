import type { Clock } from '@varve/ports';

/** Rows encoded at a stretch, a few milliseconds of work; then everybody else gets a turn. */
const SLICE_ROW_COUNT = 4_000;
const REST_MS = 1;

/** Collects what `next` hands out until it hands out nothing any more, with a rest after each slice. */
export async function inSlices<Item>(clock: Clock, next: (rowCountMax: number) => readonly Item[] | undefined): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let slice = next(SLICE_ROW_COUNT); slice !== undefined; slice = next(SLICE_ROW_COUNT)) {
    for (const item of slice) items.push(item);
    await new Promise<void>((rested) => clock.after(REST_MS, rested));
  }
  return items;
}
