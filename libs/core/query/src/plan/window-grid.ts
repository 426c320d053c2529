import type { TimestampNs } from '@varve/base';
import { splitNs, type SplitTime } from '@varve/model';
import type { WindowPlan } from './shard-plan.ts';

/**
 * The windows of one query as one shard numbers them: window 0 holds the shard's first nanosecond. Both sides of the
 * wire build it from the plan and the shard's start, so that a number is all that travels.
 *
 *     shard   |0 ──────────────────────────────▶ offsets, exact in float64
 *     window  ··0 ──▶|1 ─────▶|2 ─────▶|3 …
 *                    ^ firstEnd
 */
export class WindowGrid {
  readonly #everyNs: number;
  readonly #firstEnd: number;
  readonly #shardStart: SplitTime;
  readonly #firstStart: SplitTime;

  constructor(window: WindowPlan | undefined, shardStartNs: TimestampNs) {
    const firstStartNs = window === undefined ? 0n : windowStartNs(window, shardStartNs);
    this.#shardStart = splitNs(shardStartNs);
    this.#firstStart = splitNs(firstStartNs);
    this.#everyNs = window === undefined ? Infinity : Number(window.everyNs);
    this.#firstEnd = window === undefined ? Infinity : Number(firstStartNs + window.everyNs - shardStartNs);
  }

  /** The window of an offset. */
  indexOf(offsetNs: number): number {
    const distance = offsetNs - this.#firstEnd;
    if (distance < 0) return 0;
    const quotient = Math.floor(distance / this.#everyNs);
    // The division may round up to the next whole number; the product is exact below 2^53.
    return quotient * this.#everyNs > distance ? quotient : quotient + 1;
  }

  /** The first offset behind a window. */
  endOf(windowIndex: number): number {
    return windowIndex === 0 ? this.#firstEnd : this.#firstEnd + windowIndex * this.#everyNs;
  }

  /** When windows start; 0 without windows. */
  startsOf(windowIndexes: readonly number[]): WindowStarts {
    const starts: WindowStarts = { ms: [], subNs: [] };
    for (const windowIndex of windowIndexes) {
      if (windowIndex === 0) {
        starts.ms.push(this.#firstStart.ms);
        starts.subNs.push(this.#firstStart.subNs);
        continue;
      }
      // Exact: a sum below 2^53, then a remainder.
      const fromStartMs = this.#shardStart.subNs + this.endOf(windowIndex - 1);
      const rest = fromStartMs % NS_PER_MS;
      starts.ms.push(this.#shardStart.ms + (fromStartMs - rest) / NS_PER_MS);
      starts.subNs.push(rest);
    }
    return starts;
  }
}

/** When the window that holds a time starts. It may lie before the earliest time a point can have. */
export function windowStartNs({ everyNs, offsetNs }: WindowPlan, timeNs: TimestampNs): TimestampNs {
  const rest = (timeNs - offsetNs) % everyNs;
  return timeNs - (rest < 0n ? rest + everyNs : rest);
}

/** When windows start, as `SplitTimes`. */
export interface WindowStarts {
  readonly ms: number[];
  readonly subNs: number[];
}

const NS_PER_MS = 1_000_000;

/** Goes from window to window, forwards or back. */
export class WindowCursor {
  ms = 0;
  subNs = 0;
  readonly #stepMs: number;
  readonly #stepSubNs: number;
  readonly #isDescending: boolean;

  constructor({ everyNs }: WindowPlan, isDescending: boolean) {
    const step = splitNs(everyNs);
    this.#stepMs = step.ms;
    this.#stepSubNs = step.subNs;
    this.#isDescending = isDescending;
  }

  moveTo(ms: number, subNs: number): void {
    this.ms = ms;
    this.subNs = subNs;
  }

  isAt(ms: number, subNs: number): boolean {
    return this.ms === ms && this.subNs === subNs;
  }

  /** Whether a window comes later than this one, in the order in which it goes. */
  isBefore(ms: number, subNs: number): boolean {
    const distance = this.ms - ms || this.subNs - subNs;
    return this.#isDescending ? distance > 0 : distance < 0;
  }

  advance(): void {
    const sign = this.#isDescending ? -1 : 1;
    this.ms += sign * this.#stepMs;
    this.subNs += sign * this.#stepSubNs;
    if (this.subNs < 0) [this.ms, this.subNs] = [this.ms - 1, this.subNs + NS_PER_MS];
    else if (this.subNs >= NS_PER_MS) [this.ms, this.subNs] = [this.ms + 1, this.subNs - NS_PER_MS];
  }
}
