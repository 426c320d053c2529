import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COLLECTED_VALUE_COUNT_MAX } from './functions/collected.ts';
import type { Run } from './functions/run.ts';
import { FUNCTIONS } from './functions/function-table.ts';
import { answerOf, type Sharding } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

const rowsOf = async (query: string, lines: readonly string[], options: Parameters<typeof answerOf>[2] = {}): Promise<(readonly [time: number, area: number])[]> => {
  const { series, error } = await answerOf(query, parseTestLines(lines.join('\n')), { nowNs: 1000n, ...options });
  expect(error).toBe(undefined);
  return (series?.[0]?.values ?? []).map(([time, area]) => [Number(time), Number(area)]);
};

const point = fc.record({ host: fc.constantFrom('a', 'b', 'c'), value: fc.integer({ min: -64, max: 64 }).map((value) => value * 420), time: fc.integer({ min: 1, max: 40 }) });
const lineOf = ({ host, value, time }: { readonly host: string; readonly value: number; readonly time: number }): string => `m,h=${host} f=${value},i=${value}i ${time}`;
const sharding: fc.Arbitrary<Sharding> = fc.record({ windowNs: fc.integer({ min: 1, max: 30 }).map(BigInt), sliceCount: fc.integer({ min: 1, max: 3 }) });
const SHARDED = fc.record({ points: fc.array(point, { minLength: 1, maxLength: 30 }), sharding, every: fc.integer({ min: 1, max: 15 }) });

// The dumb way: all points in order, one trapezium after the other, in units of 1 ns.
test('IG1: an integral is the sum of the trapezia between points in order of time, whatever shards they are in', async () => {
  await fc.assert(
    fc.asyncProperty(SHARDED, async ({ points, ...options }) => {
      const unique = [...new Map(points.map((each) => [`${each.host} ${each.time}`, each])).values()];
      unique.sort((left, right) => left.time - right.time || (left.host < right.host ? -1 : 1));
      let area = 0;
      for (const [index, { time, value }] of unique.entries()) {
        const previous = unique[index - 1];
        if (previous !== undefined) area += ((value + previous.value) / 2) * (time - previous.time);
      }
      expect(await rowsOf('SELECT integral(f, 1ns) FROM m', points.map(lineOf), options)).toEqual([[0, area]]);
    }),
  );
});

test('IG1, IG2: windows cut the whole area into parts; DESC and integers change nothing', async () => {
  await fc.assert(
    fc.asyncProperty(SHARDED, async ({ points, every, ...options }) => {
      const lines = points.map(lineOf);
      const where = `WHERE time >= 0 AND time < 100 GROUP BY time(${every}ns)`;
      const windows = await rowsOf(`SELECT integral(f, 1ns) FROM m ${where}`, lines, options);
      const [[, whole]] = (await rowsOf('SELECT integral(f, 1ns) FROM m', lines)) as [[number, number]];
      const last = Math.max(...points.map(({ time }) => time));
      // Only what lies in front of a last window that has all its points at its start is in no window.
      const isCut = last % every === 0;
      if (!isCut) expect(windows.reduce((sum, [, area]) => sum + area, 0)).toBeCloseTo(whole, 5);
      expect(await rowsOf(`SELECT integral(f, 1ns) FROM m ${where} ORDER BY time DESC`, lines, options)).toEqual(windows.toReversed());
      expect(await rowsOf(`SELECT integral(i, 1ns) FROM m ${where}`, lines, options)).toEqual(windows);
      expect(await rowsOf(`SELECT integral(f, 1ns), count(i) FROM m ${where} fill(none) ORDER BY time DESC`, lines, options)).toEqual(
        expect.arrayContaining(windows.toReversed()) as unknown,
      );
    }),
  );
});

test('windows that wait for the next point are bounded', async () => {
  const lines = ['m f=1,i=1i 0', ...Array.from({ length: 50 }, (_value, index) => `m i=1i ${index + 1}`), 'm f=1 60'];
  const query = 'SELECT integral(f, 1ns), count(i) FROM m WHERE time >= 0 AND time < 100 GROUP BY time(1ns) fill(none)';

  expect(await rowsOf(query, lines)).toHaveLength(51);
  await expect(answerOf(query, parseTestLines(lines.join('\n')), { nowNs: 1000n, windowCountMax: 40, sharding: { windowNs: 10n, sliceCount: 1 } })).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
});

test('more points than can be put in order are refused', () => {
  const state = FUNCTIONS.integral.createPartial({ type: 'float', parameter: undefined, tags: [], seed: 0, picksLastKey: false, neighbourCount: 0 }, 0n);
  const values = new Float64Array(1_000_000);
  const run: Run = { vector: { type: 'float', offsetsNs: values, values, rowIndexes: undefined }, start: 0, end: values.length, seriesKey: 'm', neighbours: () => [] };

  expect(() => {
    for (let slot = 0; slot * values.length <= COLLECTED_VALUE_COUNT_MAX; slot += 1) state.add(slot, run);
  }).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT' }) as Error);
});
