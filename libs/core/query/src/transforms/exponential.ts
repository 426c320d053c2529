import { movingIndicator, type Warmup } from './indicator.ts';

/** An exponential moving average: each point weighs `weight`, all before it the rest. */
export class ExponentialAverage {
  readonly #period: number;
  readonly #warmup: Warmup;
  readonly #weight: number;
  #count = 0;
  #value = 0;

  constructor(period: number, warmup: Warmup, weight = 2 / (period + 1)) {
    this.#period = period;
    this.#warmup = warmup;
    this.#weight = weight;
  }

  get value(): number {
    return this.#value;
  }

  get isWarm(): boolean {
    return this.#count === this.#period;
  }

  /** Whether an average of this one takes its values yet: one that begins as a mean is waited for. */
  get isUsable(): boolean {
    return this.isWarm || this.#warmup === 'exponential';
  }

  add(value: number): number {
    this.#value = this.#next(value);
    if (this.#count < this.#period) this.#count += 1;
    return this.#value;
  }

  #next(value: number): number {
    const count = this.#count;
    if (count === 0) return value;
    if (this.isWarm) return (value - this.#value) * this.#weight + this.#value;
    if (this.#warmup === 'simple') return (this.#value * count + value) / (count + 1);
    return (value - this.#value) * (2 / (count + 2)) + this.#value;
  }
}

/** The exponential moving average. */
export const exponentialMovingAverage = movingIndicator('exponential moving average', (period, warmup = 'exponential') => {
  const average = new ExponentialAverage(period, warmup);
  return { warmCount: period - 1, next: (value) => average.add(value) };
});

/** Twice the average, less the average of it: it lags less. */
export const doubleExponentialMovingAverage = movingIndicator('double exponential moving average', (period, warmup = 'exponential') => {
  const levels = averages(2, period, warmup);
  return {
    warmCount: warmCountOf(2, period, warmup),
    next: (value) => {
      const [first, second] = throughAll(levels, value);
      return 2 * first! - second!;
    },
  };
});

/** Three times the average, less three times the second, and the third: it lags even less. */
export const tripleExponentialMovingAverage = movingIndicator('triple exponential moving average', (period, warmup = 'exponential') => {
  const levels = averages(3, period, warmup);
  return {
    warmCount: warmCountOf(3, period, warmup),
    next: (value) => {
      const [first, second, third] = throughAll(levels, value);
      return 3 * first! - 3 * second! + third!;
    },
  };
});

/** The change of the average of the average of the average, in percent; nothing where it is infinite. */
export const tripleExponentialDerivative = movingIndicator('triple exponential derivative', (period, warmup = 'exponential') => {
  const levels = averages(3, period, warmup);
  let before = 0;
  return {
    warmCount: warmCountOf(3, period, warmup) + 1,
    next: (value) => {
      const now = throughAll(levels, value).at(-1)!;
      const rate = (now / before - 1) * 100;
      before = now;
      return Math.abs(rate) === Infinity ? undefined : rate;
    },
  };
});

function averages(count: number, period: number, warmup: Warmup): ExponentialAverage[] {
  return Array.from({ length: count }, () => new ExponentialAverage(period, warmup));
}

/** The value of each level; one whose predecessor is not usable has that one's. */
function throughAll(levels: readonly ExponentialAverage[], value: number): number[] {
  const values: number[] = [];
  let now = value;
  let isFed = true;
  for (const level of levels) {
    if (isFed) now = level.add(now);
    isFed &&= level.isUsable;
    values.push(now);
  }
  return values;
}

function warmCountOf(levelCount: number, period: number, warmup: Warmup): number {
  return warmup === 'exponential' ? period - 1 : levelCount * (period - 1);
}
