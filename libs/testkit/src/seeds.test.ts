import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PROPERTY_DEFAULTS } from './property-defaults.ts';
import { seeds } from './seeds.ts';

test('seeds are distinct and count from the base', () => {
  expect(seeds(3)).toEqual([1, 2, 3]);
  expect(seeds(2, 40)).toEqual([40, 41]);
  expect(seeds(0)).toEqual([]);
});

test('a property with the defaults draws the same values in every run', () => {
  const draw = (): number[] => {
    const drawn: number[] = [];
    fc.assert(
      fc.property(fc.integer(), (value) => void drawn.push(value)),
      PROPERTY_DEFAULTS,
    );
    return drawn;
  };
  expect(draw()).toEqual(draw());
  expect(draw()).toHaveLength(PROPERTY_DEFAULTS.numRuns);
});
