import { assert, type DurationMs } from '@varve/base';

/** How often and how late something may be tried again: attempts are counted, pauses double up to a bound. */
export class RetryBudget {
  readonly #attemptCountMax: number;
  readonly #firstPauseMs: DurationMs;
  readonly #pauseMsMax: DurationMs;
  #attemptCount = 0;

  constructor(bounds: { readonly attemptCountMax: number; readonly firstPauseMs: DurationMs; readonly pauseMsMax: DurationMs }) {
    assert(bounds.attemptCountMax >= 1, `attemptCountMax ${bounds.attemptCountMax} below 1`);
    this.#attemptCountMax = bounds.attemptCountMax;
    this.#firstPauseMs = bounds.firstPauseMs;
    this.#pauseMsMax = bounds.pauseMsMax;
  }

  /** How long to wait before the next attempt; undefined when no more is allowed. */
  nextPauseMs(): DurationMs | undefined {
    this.#attemptCount += 1;
    if (this.#attemptCount >= this.#attemptCountMax) return undefined;
    return Math.min(this.#firstPauseMs * 2 ** (this.#attemptCount - 1), this.#pauseMsMax);
  }
}
