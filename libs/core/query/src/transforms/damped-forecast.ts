import { leastOf } from './nelder-mead.ts';

/** Guesses that a search begins with, for each of alpha, beta, gamma and phi. */
const GUESSES = [0.3, 0.7];
const FIRST_WEIGHT = 0.5;
const EPSILON = 1e-4;
const ITERATION_COUNT_MAX = 1000;

/** Steps of arithmetic after which others may work: some milliseconds. */
const PAUSE_STEP_COUNT = 100_000;

/** What adds nothing to a float64 beside which it is so small; powers of phi never grow again. */
const NO_GROWTH = 2 ** -60;

/** What stands before the values of a season in the parameters: alpha, beta, gamma, phi, the first level, the first trend. */
const FIXED_COUNT = 6;

/**
 * The damped method of Holt and Winters with a multiplicative season. Its parameters are those for which the squares of
 * the errors are least; where the search begins, and that the seasons' values move while it looks, is as in InfluxDB, so
 * that the two find the same.
 */
export class DampedForecast {
  /** Window by window, NaN where nothing is known. */
  readonly #values: Float64Array;
  /** 0: none. */
  readonly #season: number;
  /** Of the windows known, for one set of parameters at a time. */
  readonly #tried: Float64Array;
  #stepCount = 0;

  constructor(values: Float64Array, season: number) {
    this.#values = values;
    this.#season = season;
    this.#tried = new Float64Array(values.length);
  }

  /** The known windows as the model has them, then `count` more. Yields where others may work. */
  *forecast(count: number): Generator<undefined, Float64Array> {
    const start = this.#firstParameters();
    let best: { readonly at: Float64Array; readonly value: number } | undefined;
    for (const guess of guesses()) {
      start.set(guess);
      const options = { iterationCountMax: ITERATION_COUNT_MAX, epsilon: EPSILON, isPauseDue: (stepCount: number) => this.#isPauseDue(stepCount) };
      const found = yield* leastOf((at) => this.#errorOf(at), start, options);
      if (best === undefined || found.value < best.value) best = found;
    }
    const forecast = new Float64Array(this.#values.length + count);
    this.#run(best!.at, forecast);
    return forecast;
  }

  #isPauseDue(stepCount: number): boolean {
    this.#stepCount += stepCount;
    if (this.#stepCount < PAUSE_STEP_COUNT) return false;
    this.#stepCount = 0;
    return true;
  }

  /** All but the four that are guessed. */
  #firstParameters(): Float64Array {
    const values = this.#values;
    const season = this.#season;
    const parameters = new Float64Array(FIXED_COUNT + season);
    const isKnown = (index: number): boolean => !Number.isNaN(values[index]!);
    let [level, trend] = [0, 0];
    if (season === 0) {
      level = FIRST_WEIGHT * values[0]!;
      if (isKnown(1)) trend = FIRST_WEIGHT * (values[1]! - values[0]!);
    }
    for (let index = 0; index < season; index += 1) {
      if (!isKnown(index)) continue;
      level += (1 / season) * values[index]!;
      if (season + index < values.length && isKnown(season + index)) trend += (1 / (season * season)) * (values[season + index]! - values[index]!);
    }
    parameters[4] = level;
    parameters[5] = trend;
    for (let index = 0; index < season; index += 1) parameters[FIXED_COUNT + index] = isKnown(index) ? values[index]! / level : 0;
    return parameters;
  }

  /** The sum of the squared errors; what the model makes no number of is infinitely wrong. */
  #errorOf(parameters: Float64Array): number {
    const values = this.#values;
    const forecast = this.#tried;
    this.#stepCount += values.length;
    this.#run(parameters, forecast);
    let error = 0;
    for (let index = 0; index < values.length; index += 1) {
      if (Number.isNaN(values[index]!)) continue;
      if (Number.isNaN(forecast[index]!)) return Infinity;
      const difference = forecast[index]! - values[index]!;
      error += difference * difference;
    }
    return error;
  }

  /** Moves the parameters into their ranges, and leaves in them the season as it is at the end. */
  #run(parameters: Float64Array, forecast: Float64Array): void {
    for (let index = 0; index < 4; index += 1) parameters[index] = parameters[index]! > 1 ? 1 : parameters[index]! < 0 ? 0 : parameters[index]!;
    const [alpha, beta, gamma, phi] = [parameters[0]!, parameters[1]!, parameters[2]!, parameters[3]!];
    const season = this.#season;
    // As in InfluxDB, the ring of the season turns by two places per window, and by another one for what is forecast.
    let [slot, ahead] = [0, 0];
    let [level, trend] = [parameters[4]!, parameters[5]!];
    let value = (forecast[0] = this.#values[0]!);
    let damping = phi;
    let growth = Infinity;
    for (let time = 1; time < forecast.length; time += 1) {
      let [seasonNow, seasonThen] = [1, 1];
      if (season !== 0) {
        ahead = ahead + 1 === season ? 0 : ahead + 1;
        seasonNow = parameters[FIXED_COUNT + slot]!;
        seasonThen = parameters[FIXED_COUNT + (slot + ahead >= season ? slot + ahead - season : slot + ahead)]!;
      }
      const expected = level + phi * trend;
      const nextLevel = alpha * (value / seasonNow) + (1 - alpha) * expected;
      const nextTrend = beta * (nextLevel - level) + (1 - beta) * phi * trend;
      if (season !== 0) {
        parameters[FIXED_COUNT + slot] = gamma * (value / expected) + (1 - gamma) * seasonNow;
        slot = slot + 2 >= season ? slot + 2 - season : slot + 2;
      }
      value = forecast[time] = (nextLevel + damping * nextTrend) * seasonThen;
      level = nextLevel;
      trend = nextTrend;
      if (growth > damping * NO_GROWTH) damping += growth = power(phi, time);
    }
  }
}

function* guesses(): Generator<readonly number[]> {
  for (const alpha of GUESSES) for (const beta of GUESSES) for (const gamma of GUESSES) for (const phi of GUESSES) yield [alpha, beta, gamma, phi];
}

/** A number to the power of a whole one ≥ 1, by squaring: rounded step by step as Go's math.Pow is. */
function power(base: number, exponent: number): number {
  if (base === 1 || base === 0) return base;
  let result = 1;
  for (let [rest, square] = [exponent, base]; rest !== 0; rest >>= 1, square *= square) if ((rest & 1) === 1) result *= square;
  return result;
}
