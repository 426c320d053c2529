import { CELL_COUNT_AT_ONCE, type RowBatch } from './row-batch.ts';
import type { Arrivals } from './stage.ts';
import type { Pause } from './transform-rows.ts';

/** Hands on batch by batch what has arrived together, and lets others work after some milliseconds of it (FP1). @throws what `pause` rejects with */
export async function* batchesInTurns(arrivals: Arrivals<RowBatch>, pause: Pause): AsyncGenerator<Iterable<RowBatch>> {
  let cellCount = 0;
  for await (const batches of arrivals) {
    for (const batch of batches) {
      yield [batch];
      cellCount += batch.times.ms.length * (1 + batch.inputs.length);
      if (cellCount < CELL_COUNT_AT_ONCE) continue;
      cellCount = 0;
      await pause();
    }
  }
}
