import { expect, test } from 'vitest';
import { answerOf } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

// Methodology: 0 and -0 are equal and are written differently, so the earlier one is the answer, whichever series and shard have it.
test.each(['', 'ORDER BY time DESC'])('of 0 and -0 max() and min() answer the earlier one %s', async (order) => {
  for (const [early, late] of [['-0', '0'], ['0', '-0']] as const) {
    for (const [first, second] of [['a', 'b'], ['b', 'a']] as const) {
      const points = parseTestLines([`m,host=${first} f=${early} 1`, `m,host=${second} f=${late} 12`].join('\n'));
      for (const windowNs of [10n, 1_000n]) {
        const query = `SELECT max(f), min(f) FROM m WHERE time >= 0 AND time < 100 GROUP BY time(100ns) ${order}`;
        const { series } = await answerOf(query, points, { sharding: { windowNs, sliceCount: 1 } });
        expect(series![0]!.values, `${early} at ${first}, shards of ${windowNs}`).toEqual([[expect.anything(), Number(early), Number(early)]]);
      }
    }
  }
});

test.each([
  ['SELECT last(i) FROM m WHERE time >= 0 AND time < 50 GROUP BY time(10ns) fill(linear)', [3, 1, 0, 0, -2]],
  ['SELECT max(i) FROM m WHERE time >= 0 AND time < 20 GROUP BY time(10ns) fill(-0.5)', [3, 0]],
  ['SELECT f::integer FROM m', [0, -(2n ** 63n)]],
  ['SELECT last(i) FROM m WHERE time >= 0 AND time < 30 GROUP BY time(10ns) fill(100000000000000000000.5)', [3, -(2n ** 63n), -(2n ** 63n)]],
])('no integer is minus zero, and one that does not fit is the least there is: %s', async (query, values) => {
  const points = parseTestLines('m i=3i 1\nm i=-2i 45\nm f=-0.5 60\nm f=1e20 70');
  const { series } = await answerOf(query, points);
  expect(series![0]!.values!.map(([, value]) => value)).toEqual(values);
});
