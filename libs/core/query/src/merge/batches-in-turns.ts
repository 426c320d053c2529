import { CELL_COUNT_AT_ONCE, type RowBatch } from './row-batch.ts';
import type { Arrivals } from './stage.ts';
import type { Pause } from './transform-rows.ts';

/**
 * Hands on what has arrived together in parts of about so many cells, and pauses between them (FP1). Each part is read to its end before
 * the next, or given up together with all that would follow. @throws what `pause` rejects with
 */
export async function* batchesInTurns(arrivals: Arrivals<RowBatch>, pause: Pause): AsyncGenerator<Iterable<RowBatch>> {
  let cellCount = 0;
  for await (const arrived of arrivals) {
    const batches = arrived[Symbol.iterator]();
    let isOver = false;
    const part = function* (): Generator<RowBatch> {
      while (cellCount < CELL_COUNT_AT_ONCE) {
        const { done, value } = batches.next();
        isOver = done === true;
        if (isOver) return;
        cellCount += value.times.ms.length * (1 + value.inputs.length);
        yield value;
      }
    };
    try {
      while (!isOver) {
        yield part();
        if (cellCount < CELL_COUNT_AT_ONCE) continue;
        cellCount = 0;
        await pause();
      }
    } finally {
      batches.return?.();
    }
  }
}
