import { movingIndicator } from './indicator.ts';
import { periodProblem } from './period.ts';

/** How straight the way of the last `period` values was: the distance from its start to its end by the sum of its steps. */
export const kaufmansEfficiencyRatio = movingIndicator(
  'kaufmans efficiency ratio',
  (period) => {
    const ratio = new EfficiencyRatio(period);
    return { warmCount: period, next: (value) => finite(ratio.add(value)) };
  },
  { limitProblem: periodProblem('kaufmans_efficiency_ratio') },
);

/** An average that follows straight ways quickly and noise slowly. */
export const kaufmansAdaptiveMovingAverage = movingIndicator(
  'kaufmans adaptive moving average',
  (period) => {
    const ratio = new EfficiencyRatio(period);
    let average = 0;
    return {
      warmCount: period,
      next: (value) => {
        if (!ratio.isWarm) average = ratio.newest;
        const weight = ratio.add(value) * FAST_OVER_SLOW + SLOW;
        average += weight * weight * (value - average);
        return finite(average);
      },
    };
  },
  { limitProblem: periodProblem('kaufmans_adaptive_moving_average') },
);

/** Weights of an average over 30 points, and of one over 2 less that: 2/3 − 2/31. */
const SLOW = 2 / 31;
const FAST_OVER_SLOW = 56 / 93;

function finite(value: number): number | undefined {
  return Math.abs(value) === Infinity ? undefined : value;
}

/** The values and steps before the first one count as 0. */
class EfficiencyRatio {
  readonly #period: number;
  readonly #values: number[] = [0];
  readonly #steps: number[] = [0];
  #newest = 0;
  #stepSum = 0;
  #count = 0;

  constructor(period: number) {
    this.#period = period;
  }

  get newest(): number {
    return this.#values[this.#newest]!;
  }

  get isWarm(): boolean {
    return this.#count > this.#period;
  }

  add(value: number): number {
    const next = this.#newest + 1 >= this.#period ? 0 : this.#newest + 1;
    const distance = Math.abs(value - (this.#values[next] ?? 0));
    const step = Math.abs(value - this.newest);
    this.#stepSum -= this.#steps[next] ?? 0;
    this.#stepSum += step;
    this.#values[next] = value;
    this.#steps[next] = step;
    this.#newest = next;
    if (!this.isWarm) this.#count += 1;
    return distance === 0 || this.#stepSum === 0 ? 0 : distance / this.#stepSum;
  }
}
