import { expect, test } from 'vitest';
import { within } from './figure.ts';
import { reachedOf, sectionReportOf } from './section-report.ts';

test('a figure reaches its aim, its floor or neither, whichever way it counts', () => {
  const check = (value: number | string | undefined, better: 'more' | 'less', expected: string): void =>
    expect(
      reachedOf({ value, better, ratio: undefined, bound: better === 'less' ? within(100, 30) : within(300, 1_000) }),
    ).toBe(expected);
  check(30, 'less', 'aim');
  check(31, 'less', 'floor');
  check(100.1, 'less', 'no');
  check(1_000, 'more', 'aim');
  check(300, 'more', 'floor');
  check(299, 'more', 'no');
  check('failed', 'less', '?');
  check(undefined, 'less', '?');
});

test('a bound in multiples of the best peer looks at the ratio; without a peer nothing is said', () => {
  const bound = { of: 'best peer', floor: 1.3, aim: 2.2 } as const;
  const check = (ratio: number | undefined, expected: string): void =>
    expect(reachedOf({ value: 5, better: 'more', ratio, bound })).toBe(expected);
  check(2.2, 'aim');
  check(1.5, 'floor');
  check(1.2, 'no');
  check(undefined, '?');
});

test('the report has all systems, the ratio to the best, and the bounds with which of them is reached', () => {
  const figures = [
    {
      name: 'rows/s',
      better: 'more',
      values: new Map([
        ['Varve', 300_000],
        ['A', 100_000],
        ['B', 200_000],
      ]),
      bound: { of: 'best peer', floor: 1.3, aim: 2.2 },
    },
    {
      name: 'resident MiB',
      better: 'less',
      values: new Map<string, number | string>([
        ['Varve', 310],
        ['A', 'failed'],
        ['B', 155],
      ]),
      bound: within(300, 150),
    },
    { name: 'strings', better: 'less', values: new Map([['Varve', 3]]) },
  ] as const;
  const text = sectionReportOf({ title: 'integers: rows', figures, systemNames: ['Varve', 'A', 'B'] });
  expect(text).toMatch(/^integers: rows\n +Varve +A +B +Varve : best +floor +aim +reached$/m);
  expect(text).toMatch(/^ {2}rows\/s +300,000 +100,000 +200,000 +1\.50 × +1\.3 × +2\.2 × +floor$/m);
  expect(text).toMatch(/^ {2}resident MiB +310 +failed +155 +0\.50 × +300 +150 +no$/m);
  expect(text).toMatch(/^ {2}strings +3\.00 +$/m);
});

test('a figure of zero is no ratio', () => {
  const values = new Map([
    ['Varve', 0],
    ['A', 0],
  ]);
  const text = sectionReportOf({
    title: 'refused',
    figures: [{ name: 'batches', better: 'less', values }],
    systemNames: ['Varve', 'A'],
  });
  expect(text).toMatch(/^ {2}batches +0\.00 +0\.00 +$/m);
});
