import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerOf } from './testing/memory-engine.ts';
import { comparable } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';

// Methodology: random points, sparse and dense, in one shard or in many. The dumb way reads every window; the clever way stops where
// LIMIT and OFFSET have enough windows with values.
const line = fc
  .record({ host: fc.constantFrom('a', 'b', 'c'), fields: fc.constantFrom('f=1.5', 'f=-2', 'i=3i', 'i=-1i', 'f=0.5,i=2i'), time: fc.oneof(fc.integer({ min: -6, max: 14 }), fc.integer({ min: -60, max: 140 })) })
  .map(({ host, fields, time }) => `m,host=${host} ${fields} ${time}`);

const parts = fc.record({
  columns: fc.constantFrom('count(f)', 'max(f)', 'max(f), count(i)', 'mean(*)', 'count(*)', 'first(i)', 'last(f)', 'spread(i)', 'sum(f), sum(i)', 'mean(f) * 2', 'median(f)'),
  where: fc.constantFrom('time >= -70 AND time < 150', 'time < 150', 'time >= 0 AND time < 150 AND f > 0', "time >= -3 AND time < 90 AND host != 'a'"),
  group: fc.constantFrom('', 'host, '),
  window: fc.constantFrom('time(3ns)', 'time(7ns, 2ns)'),
  fill: fc.constantFrom('', 'fill(none)', 'fill(previous)', 'fill(3)', 'fill(linear)'),
  order: fc.constantFrom('', 'ORDER BY time DESC'),
  limit: fc.constantFrom('LIMIT 1', 'LIMIT 3', 'LIMIT 2 OFFSET 3', 'LIMIT 2 SLIMIT 1'),
});
const query = parts.map(({ columns, where, group, window, fill, order, limit }) => `SELECT ${columns} FROM m WHERE ${where} GROUP BY ${group}${window} ${fill} ${order} ${limit}`);
const sharding = fc.record({ windowNs: fc.constantFrom(1n, 5n, 40n, 1_000n), sliceCount: fc.integer({ min: 1, max: 3 }) });

test('FW1: who reads windows until LIMIT has enough of them answers as who reads them all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 40, size: 'max' }), query, sharding, async (lines, text, shards) => {
      const points = parseTestLines(lines.join('\n'));
      const dumb = await answerOf(text, points, { nowNs: 200n, sharding: shards, readsAllWindows: true });
      expect(comparable(await answerOf(text, points, { nowNs: 200n, sharding: shards }))).toEqual(comparable(dumb));
    }),
    { numRuns: 3_000 },
  );
});

/** 1,000 rows of one series, 10 ns apart. */
const ROWS = parseTestLines(Array.from({ length: 1_000 }, (_, index) => `m,host=a f=${index}${index === 999 ? ',g=1' : ''} ${index * 10}`).join('\n'));

async function rowCountRead(text: string): Promise<number> {
  let rowCount = 0;
  await answerOf(text, ROWS, { nowNs: 10_000n, onRead: (count) => void (rowCount += count) });
  return rowCount;
}

test('what is behind the windows that LIMIT wants is not read, from either end', async () => {
  expect(await rowCountRead('SELECT max(f) FROM m WHERE time < 10000 GROUP BY time(20ns) LIMIT 5')).toBe(10);
  expect(await rowCountRead('SELECT max(f) FROM m WHERE time < 10000 GROUP BY time(20ns) ORDER BY time DESC LIMIT 5')).toBe(10);
  expect(await rowCountRead('SELECT max(*), mean(g) FROM m WHERE time < 10000 GROUP BY time(20ns) LIMIT 5')).toBe(10);
  expect(await rowCountRead('SELECT max(f) FROM m WHERE time >= 5000 AND time < 10000 GROUP BY time(20ns) LIMIT 2 OFFSET 3')).toBe(10);
});

test('all is read where more than the first windows counts', async () => {
  const around = ['derivative(mean(f))', 'median(f)', 'mean(f) * 2', 'mean(f), count(g)'].map((columns) => `SELECT ${columns} FROM m WHERE time < 10000 GROUP BY time(20ns) LIMIT 5`);
  for (const text of [...around, 'SELECT mean(f) FROM m WHERE time < 10000 GROUP BY time(20ns) fill(linear) LIMIT 5']) {
    expect(await rowCountRead(text), text).toBe(1_000);
  }
});
