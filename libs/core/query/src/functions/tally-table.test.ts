import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberedValues } from './numbered-values.ts';
import { TallyTable } from './tally-table.ts';

test.each([false, true])('numbers are counted per slot, with the first of their times, or the last: %s', (takesLastTime) => {
  const additions = fc.array(fc.record({ slot: fc.nat(40), number: fc.oneof(fc.nat(20), fc.constantFrom(NaN, 0, -0, 0.5, Infinity)), count: fc.nat(3), major: fc.nat(5), minor: fc.nat(2) }), { maxLength: 400 });
  fc.assert(
    fc.property(additions, (all) => {
      const table = new TallyTable(takesLastTime);
      table.add(3, 1, 1, 1, 1);
      table.clear();
      const expected = new Map<string, { number: number; count: number; major: number; minor: number }>();
      for (const { slot, number, count, major, minor } of all) {
        table.add(slot, number, count, major, minor);
        const id = `${slot} ${number}`; // '0' for -0, too.
        const known = expected.get(id);
        if (known === undefined) expected.set(id, { number, count, major, minor });
        else {
          known.count += count;
          const order = major - known.major || minor - known.minor;
          if (takesLastTime ? order > 0 : order < 0) Object.assign(known, { major, minor });
        }
      }
      expect(table.count).toBe(expected.size);
      for (let slot = 0; slot <= 40; slot += 1) {
        const entries = [...table.entriesOf(slot)].map((entry) => ({ number: table.numberOf(entry), count: table.countOf(entry), ...table.timeOf(entry) }));
        expect(entries).toEqual([...expected].filter(([id]) => id.startsWith(`${slot} `)).map(([, tally]) => tally));
        expect(table.countIn(slot)).toBe(entries.length);
      }
    }),
  );
});

test('HV3: parts of the index grow one after the other, not all of them at once', () => {
  const table = new TallyTable();
  let growCountMax = 0;
  for (let index = 0; index < 200_000; index += 1) {
    const before = table.growCount;
    for (let count = 0; count < 1_000; count += 1) table.add(0, index++, 1, 0, 0);
    if (table.count > 50_000) growCountMax = Math.max(growCountMax, table.growCount - before);
  }
  expect(growCountMax).toBeLessThanOrEqual(8);
});

test('a number takes some bytes, not an object, in few windows or many', () => {
  for (const perSlot of [100_000, 1]) {
    const table = new TallyTable();
    for (let index = 0; index < 100_000; index += 1) table.add(Math.floor(index / perSlot), index, 1, index, 0);
    expect(table.sizeBytes / table.count).toBeLessThan(120);
  }
});

test.each([
  ['float', [0.5, -1, 2 ** 60]],
  ['integer', [1, -1, 2n ** 60n, -(2n ** 60n), 2n ** 60n + 1n]],
  ['boolean', [true, false]],
  ['string', ['', '1', 'a']],
] as const)('each value of type %s has a number of its own', (type, values) => {
  const numbered = new NumberedValues(type);
  const numbers = values.map((value) => numbered.numberOf(value));
  expect(new Set(numbers).size).toBe(values.length);
  expect(numbers.map((number) => numbered.valueOf(number))).toEqual(values);
  expect(values.map((value) => numbered.numberOf(value))).toEqual(numbers);
  expect(() => numbered.numberOf(type === 'boolean' ? 1 : true)).toThrow('in a partial result');
});
