import { DbError, type TimestampNs } from '@varve/base';
import { putTimeAfter, SHARD_WINDOW_NS_MAX, splitNs, type SplitTime } from '@varve/model';
import type { WindowPlan } from './shard-plan.ts';
import { windowCountOf, windowRuns } from './window-line.ts';

/**
 * The windows of one query as one shard numbers them: window 0 holds the shard's first nanosecond. Both sides of the
 * wire build it from the plan and the shard's start, so that a number is all that travels.
 *
 *     shard   |0 ──────────────────────────────▶ offsets, exact in float64
 *     window  ··0 ──▶|1 ─────▶|2 ─────▶|3 …
 *                    ^ firstEnd
 *
 * Where a change of the clock shifts windows, another run of equal windows begins and is numbered on.
 */
export class WindowGrid {
  readonly #everyNs: number;
  readonly #shardStart: SplitTime;
  /** In order, at least one. */
  readonly #runs: readonly NumberedRun[];
  /** The first of them: the only one, but where a clock changes. */
  readonly #first: NumberedRun;

  constructor(window: WindowPlan | undefined, shardStartNs: TimestampNs) {
    this.#shardStart = splitNs(shardStartNs);
    this.#everyNs = window === undefined ? Infinity : Number(window.everyNs);
    this.#runs = window === undefined ? [ALL_TIME] : numberedRuns(window, shardStartNs);
    this.#first = this.#runs[0]!;
  }

  /** The window of an offset. */
  indexOf(offsetNs: number): number {
    const { firstIndex, firstEnd } = offsetNs < this.#first.end ? this.#first : this.#runs.find(({ end }) => offsetNs < end)!;
    const distance = offsetNs - firstEnd;
    if (distance < 0) return firstIndex;
    const quotient = Math.floor(distance / this.#everyNs);
    // The division may round up to the next whole number; the product is exact below 2^53.
    return firstIndex + (quotient * this.#everyNs > distance ? quotient : quotient + 1);
  }

  /** The first offset behind a window. */
  endOf(windowIndex: number): number {
    const { firstIndex, firstEnd, end } = this.#runOf(windowIndex);
    return windowIndex === firstIndex ? firstEnd : Math.min(firstEnd + (windowIndex - firstIndex) * this.#everyNs, end);
  }

  /** When windows start, of the numbers that a partial result has; 0 without windows. @throws DbError MESSAGE_INVALID */
  startsOf(windowIndexes: readonly number[]): WindowStarts {
    const starts: WindowStarts = { ms: [], subNs: [] };
    for (const [index, windowIndex] of windowIndexes.entries()) {
      const { firstIndex, firstEnd, start } = this.#runOf(windowIndex);
      if (windowIndex !== firstIndex) {
        putTimeAfter(this.#shardStart, firstEnd + (windowIndex - firstIndex - 1) * this.#everyNs, starts, index);
        // Of windows that have no time none would ever be equal to another: a merge would not end.
        if (!Number.isFinite(starts.ms[index]!)) throw new DbError('MESSAGE_INVALID', `a partial result of window ${windowIndex}`);
        continue;
      }
      starts.ms[index] = start.ms;
      starts.subNs[index] = start.subNs;
    }
    return starts;
  }

  #runOf(windowIndex: number): NumberedRun {
    return this.#runs.length === 1 ? this.#first : this.#runs.findLast(({ firstIndex }) => firstIndex <= windowIndex)!;
  }
}

/** When windows start, as `SplitTimes`. */
export interface WindowStarts {
  readonly ms: number[];
  readonly subNs: number[];
}

/** Windows of a shard: the first one, and those that follow it every so often. */
interface NumberedRun {
  /** When the first one starts. */
  readonly start: SplitTime;
  readonly firstIndex: number;
  /** The first offset behind the first window, and behind the last one. */
  readonly firstEnd: number;
  readonly end: number;
}

const ALL_TIME: NumberedRun = { start: { ms: 0, subNs: 0 }, firstIndex: 0, firstEnd: Infinity, end: Infinity };

function numberedRuns(window: WindowPlan, shardStartNs: TimestampNs): NumberedRun[] {
  let firstIndex = 0;
  return windowRuns(window, shardStartNs, shardStartNs + SHARD_WINDOW_NS_MAX).map((line) => {
    const end = line.endNs === undefined ? Infinity : Number(line.endNs - shardStartNs);
    const run = { start: splitNs(line.startNs), firstIndex, firstEnd: Number(line.nextNs - shardStartNs), end };
    if (line.endNs !== undefined) firstIndex += Number(windowCountOf(window, line, line.endNs));
    return run;
  });
}
