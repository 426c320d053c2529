import { CELL_COUNT_AT_ONCE, type RowBatch } from './row-batch.ts';
import type { Arrivals, Stage } from './stage.ts';
import type { Pause } from './transform-rows.ts';

/**
 * As `staged`, of a stage that makes many rows of little: what it makes of one arrival is handed on in parts of about so many cells, with a
 * pause between them (FP1). Each part is read to its end before the next, or given up together with all that would follow.
 * @throws what `pause` rejects with
 */
export async function* stagedInTurns<In>(arrivals: Arrivals<In>, stage: Stage<In, RowBatch>, pause: Pause): AsyncGenerator<Iterable<RowBatch>> {
  const parts = new BatchParts();
  const arriving = arrivals[Symbol.asyncIterator]();
  try {
    for (let isLast = false; !isLast; ) {
      const arrival = await arriving.next();
      isLast = arrival.done === true;
      parts.open(stage(isLast ? [] : arrival.value, isLast));
      while (!parts.isOver) {
        yield parts.part();
        if (parts.isFull) await pause();
      }
    }
  } finally {
    parts.close();
    await arriving.return?.();
  }
}

/** Batches in parts. How full a part is goes from one arrival to the next. */
class BatchParts {
  #batches: Iterator<RowBatch> = [][Symbol.iterator]();
  #cellCount = 0;
  isOver = true;

  get isFull(): boolean {
    return this.#cellCount >= CELL_COUNT_AT_ONCE;
  }

  open(batches: Iterable<RowBatch>): void {
    this.#batches = batches[Symbol.iterator]();
    this.isOver = false;
  }

  /** The next batches, until the part is full. */
  *part(): Generator<RowBatch> {
    if (this.isFull) this.#cellCount = 0;
    while (!this.isFull) {
      const { done, value } = this.#batches.next();
      this.isOver = done === true;
      if (this.isOver) return;
      this.#cellCount += value.times.ms.length * (1 + value.inputs.length);
      yield value;
    }
  }

  close(): void {
    this.#batches.return?.();
  }
}
