import type { Clock } from '@varve/ports';

/** Rows worked on at a stretch: some milliseconds. */
const ROW_COUNT_MIN = 2_000;
/** A stretch that holds up a write for longer than its own batch would is too long. */
const ROW_COUNT_MAX = 8_000;

/**
 * How much may be done at a stretch when memtables hold so much of what they may, 1 at the bound. A flush has two turns per
 * batch that comes in: the fuller memtables are, the longer its stretches, so that bulk writers slow down to what can be
 * flushed before any writer is refused.
 * @param fullness 0 to 1; when it is half, a flush is due
 */
export function sliceRowCountOf(fullness: number): number {
  const urgency = Math.min(Math.max(2 * fullness - 1, 0), 1);
  return ROW_COUNT_MIN * (ROW_COUNT_MAX / ROW_COUNT_MIN) ** urgency;
}

/**
 * Collects what `next` hands out until it hands out nothing any more; everybody else gets a turn after each slice.
 * `rowCountMax` is asked before each slice how much may be done at a stretch.
 */
export async function inSlices<Item>(
  clock: Clock,
  rowCountMax: () => number,
  next: (rowCountMax: number) => readonly Item[] | undefined,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (;;) {
    await clock.turn('upkeep');
    const slice = next(rowCountMax());
    if (slice === undefined) return items;
    for (const item of slice) items.push(item);
  }
}
