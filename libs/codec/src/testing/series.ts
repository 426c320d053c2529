import type { Prng } from '@varve/base';

/** A number of the standard normal distribution. */
export function normal(random: Prng): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}

/** TSBS's cpu values: a walk with normal steps, clamped to 0..100, cut to so many parts per one. */
export function walk(random: Prng, rowCount: number, parts = 1): Float64Array {
  let value = random.fraction() * 100;
  return Float64Array.from({ length: rowCount }, () => {
    value = Math.min(100, Math.max(0, value + normal(random)));
    return Math.floor(value * parts) / parts;
  });
}
