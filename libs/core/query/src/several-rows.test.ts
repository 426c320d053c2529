import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cell } from '@varve/model';
import { FUNCTIONS } from './functions/function-table.ts';
import { COLLECTED_VALUE_COUNT_MAX } from './functions/collected.ts';
import type { FunctionOptions } from './functions/function-definition.ts';
import type { Run } from './functions/run.ts';
import { answerOf } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

const POINTS = parseTestLines(['m,h=b v=1 10', 'm,h=b v=3 20', 'm,h=a v=2 20', 'm,h=c v=5 20', 'm,h=a v=2 31', 'm,h=b v=9 45'].join('\n'));

async function rowsOf(query: string, options: Parameters<typeof answerOf>[2] = {}, points = POINTS): Promise<readonly (readonly Cell[])[]> {
  const { series, error } = await answerOf(query, points, options);
  expect(error).toBe(undefined);
  return (series?.[0]?.values ?? []).map(([time, ...cells]) => [Number(time), ...cells]);
}

// 1.6.7 has the rows of one window ascending all the same; from 1.7 on they are reversed.
test('MR1: under ORDER BY time DESC points come latest first, those of one time as ever', async () => {
  expect(await rowsOf('SELECT top(v, 4), h FROM m')).toEqual([[20, 5, 'c'], [20, 3, 'b'], [20, 2, 'a'], [45, 9, 'b']]);
  expect(await rowsOf('SELECT top(v, 4), h FROM m ORDER BY time DESC')).toEqual([[45, 9, 'b'], [20, 5, 'c'], [20, 3, 'b'], [20, 2, 'a']]);
  const windows = 'WHERE time >= 0 AND time < 60 GROUP BY time(30ns) ORDER BY time DESC';
  expect(await rowsOf(`SELECT bottom(v, 2) FROM m ${windows}`)).toEqual([[45, 9], [31, 2], [20, 2], [10, 1]]);
  expect(await rowsOf(`SELECT sample(v, 9), mean(v) FROM m ${windows}`)).toEqual([
    ...[[45, 9, null], [31, 2, null], [30, null, 5.5]],
    ...[[20, 2, null], [20, 3, null], [20, 5, null], [10, 1, null], [0, null, 2.75]],
  ]);
});

// 1.6.7 limits the points that top() looks at, too.
test('LIMIT and OFFSET count rows behind top(), not points in front of it', async () => {
  expect(await rowsOf('SELECT top(v, 3) FROM m LIMIT 3 OFFSET 1')).toEqual([[20, 3], [45, 9]]);
});

test('MR1: of equal values and times the lesser series key wins', async () => {
  const points = parseTestLines(['m,h=b v=1 5', 'm,h=a v=1 5', 'm,h=c v=1 5'].join('\n'));
  const sharding = { windowNs: 10n, sliceCount: 3 };
  for (const options of [{}, { sharding }]) {
    expect(await rowsOf('SELECT top(v, 2), h FROM m', options, points)).toEqual([[5, 1, 'a'], [5, 1, 'b']]);
  }
});

const OPTIONS: FunctionOptions = { type: 'float', parameter: 2, tags: [], seed: 7, picksLastKey: false, neighbourCount: 0 };

function runOf(values: Float64Array, seriesKey = 'm'): Run {
  const offsetsNs = Float64Array.from(values, (_value, index) => index);
  return { vector: { type: 'float', offsetsNs, values, rowIndexes: undefined }, start: 0, end: values.length, seriesKey, neighbours: () => [] };
}

test('MR2: a data node keeps n points of a window, however many there are', () => {
  const state = FUNCTIONS.top.createPartial(OPTIONS, 0n);
  for (let round = 0; round < 300; round += 1) state.add(0, runOf(Float64Array.from({ length: 20_000 }, (_value, index) => round + index)));

  expect(state.partCount(0)).toBe(2);
});

test('MR2: more points than can be held are refused', () => {
  const state = FUNCTIONS.sample.createPartial({ ...OPTIONS, parameter: 10 ** 12 }, 0n);
  const run = runOf(new Float64Array(1_000_000));

  expect(() => {
    for (let round = 0; round * 1_000_000 <= COLLECTED_VALUE_COUNT_MAX; round += 1) state.add(round, run);
  }).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT' }) as Error);
});

// Of 20 points in two series 5 are taken 2,000 times, by seeds that follow each other as the times of queries do: each point is
// taken 500 times, give or take 5 standard deviations (19.4 each); each pair of neighbours in time no more and no less often than others.
test('MR3: every point and every pair of points is taken equally often', async () => {
  const points = parseTestLines(Array.from({ length: 20 }, (_value, index) => `m,h=${index % 2} v=${index} ${index * 10 ** 9}`).join('\n'));
  const taken = new Array<number>(20).fill(0);
  let neighbourCount = 0;
  for (let seed = 0; seed < 2000; seed += 1) {
    const rows = await rowsOf('SELECT sample(v, 5) FROM m', { nowNs: 1_700_000_000_000_000_000n + BigInt(seed) * 1_000_000n }, points);
    const picked = rows.map(([, value]) => Number(value));
    expect(picked).toHaveLength(5);
    for (const value of picked) taken[value]! += 1;
    neighbourCount += picked.filter((value) => picked.includes(value + 1)).length;
  }

  for (const count of taken) expect(Math.abs(count - 500)).toBeLessThan(97);
  // 19 pairs, each with the probability 5/20 · 4/19: 2,000 in all.
  expect(Math.abs(neighbourCount - 2000)).toBeLessThan(200);
});

test('sample() takes the same points whatever it is asked beside them', async () => {
  expect(await rowsOf('SELECT sample(v, 3), h FROM m')).toEqual(await rowsOf('SELECT sample(v, 3), h FROM m', { sharding: { windowNs: 15n, sliceCount: 2 } }));
});

test('there is no histogram(), as documented', async () => {
  expect(await answerOf('SELECT histogram(v, 3) FROM m', POINTS)).toEqual({ error: 'undefined function histogram()' });
});

const point = fc.record({ host: fc.constantFrom('a', 'b', 'c'), rack: fc.constantFrom('1', '2'), value: fc.integer({ min: -5, max: 5 }), time: fc.integer({ min: 0, max: 29 }) });
const question = fc.record({
  points: fc.array(point, { minLength: 1, maxLength: 40 }),
  name: fc.constantFrom('top', 'bottom'),
  count: fc.integer({ min: 1, max: 6 }),
  tags: fc.constantFrom([], ['host'], ['rack'], ['host', 'rack']) as fc.Arbitrary<('host' | 'rack')[]>,
  every: fc.constantFrom(30, 10, 7),
  isDescending: fc.boolean(),
  sharding: fc.record({ windowNs: fc.integer({ min: 1, max: 30 }).map(BigInt), sliceCount: fc.integer({ min: 1, max: 3 }) }),
});

// The dumb way: all points of a window in order of value, time and series, the first of each set of tag values, the first n of them.
test('MR1, MR2: top and bottom keep the best points, one of each set of tag values', async () => {
  await fc.assert(
    fc.asyncProperty(question, async ({ points, name, count, tags, every, isDescending, sharding }) => {
      const keyOf = ({ host, rack }: { readonly host: string; readonly rack: string }): string => `m,host=${host},rack=${rack}`;
      const unique = [...new Map(points.map((each) => [`${keyOf(each)} ${each.time}`, each])).values()];
      const sign = name === 'top' ? -1 : 1;
      const compare = (left: (typeof unique)[0], right: (typeof unique)[0]): number =>
        sign * (left.value - right.value) || left.time - right.time || (keyOf(left) < keyOf(right) ? -1 : 1);
      const windows = Map.groupBy(unique, ({ time }) => Math.floor(time / every));
      const best = [...windows.values()].flatMap((inWindow) => {
        const byTags = Map.groupBy(inWindow.toSorted(compare), (each) => (tags.length === 0 ? each : tags.map((tag) => each[tag]).join()));
        return [...byTags.values()].map(([first]) => first!).slice(0, count);
      });
      best.sort((left, right) => (isDescending ? right.time - left.time : left.time - right.time) || compare(left, right));

      const call = `${name}(v, ${[...tags, count].join(', ')})`;
      const query = `SELECT ${call}${tags.length === 0 ? ', host' : ''} FROM m WHERE time >= 0 AND time < 30 GROUP BY time(${every}ns)${isDescending ? ' ORDER BY time DESC' : ''}`;
      const lines = unique.map((each) => `${keyOf(each)} v=${each.value}i ${each.time}`);
      const shown = (each: (typeof unique)[0]): Cell[] => (tags.length === 0 ? [each.host] : tags.map((tag) => each[tag]));
      expect(await rowsOf(query, { sharding }, parseTestLines(lines.join('\n')))).toEqual(best.map((each) => [each.time, each.value, ...shown(each)]));
    }),
    { numRuns: 400 },
  );
});
