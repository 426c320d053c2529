import type { TimestampNs } from '@varve/base';
import { MIN_TIME_NS } from '@varve/model';
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
  readonly #window: WindowPlan | undefined;
  readonly #firstStartNs: TimestampNs;

  constructor(window: WindowPlan | undefined, shardStartNs: TimestampNs) {
    this.#window = window;
    this.#firstStartNs = window === undefined ? 0n : windowStartNs(window, shardStartNs);
    this.#everyNs = window === undefined ? Infinity : Number(window.everyNs);
    this.#firstEnd = window === undefined ? Infinity : Number(this.#firstStartNs + window.everyNs - shardStartNs);
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

  /** When a window starts; 0n without windows. */
  startNs(windowIndex: number): TimestampNs {
    return this.#window === undefined ? 0n : this.#firstStartNs + BigInt(windowIndex) * this.#window.everyNs;
  }
}

/** When the window that holds a time starts. It may lie before the earliest time a point can have. */
export function windowStartNs({ everyNs, offsetNs }: WindowPlan, timeNs: TimestampNs): TimestampNs {
  const rest = (timeNs - offsetNs) % everyNs;
  return timeNs - (rest < 0n ? rest + everyNs : rest);
}

/** A window's start as it is shown: InfluxDB cuts it at the earliest time. */
export function shownStartNs(startNs: TimestampNs): TimestampNs {
  return startNs < MIN_TIME_NS ? MIN_TIME_NS : startNs;
}
