/** `count` seeds from `base` on, for `test.each(seeds(20))`: the same on every machine and in every run. */
export function seeds(count: number, base = 1): number[] {
  return Array.from({ length: count }, (_, index) => base + index);
}
