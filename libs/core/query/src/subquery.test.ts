import { describe, expect, test } from 'vitest';
import { answerOf, type Sharding } from './testing/memory-engine.ts';
import { comparable, readRecorded } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';

// What InfluxDB 1.6.7 answers about subqueries, over one shard and over many in small blocks. Where it is not followed stands in the README.
const SHARDINGS: readonly (readonly [string, Sharding, number])[] = [
  ['one shard', { windowNs: 90n * 86_400_000_000_000n, sliceCount: 1 }, 10_000],
  ['many shards', { windowNs: 12_000_000_000n, sliceCount: 3 }, 2],
];

describe.each(readRecorded('subquery-answers.json'))('SQ1: answers as InfluxDB 1.6.7 does: $name', ({ lines, cases }) => {
  const points = parseTestLines(lines.join('\n'));

  test.each(SHARDINGS)('over %s', async (_name, sharding, chunkRowCount) => {
    for (const { query, answer } of cases) {
      expect(comparable(await answerOf(query, points, { sharding, chunkRowCount })), query).toEqual(comparable(answer));
    }
  });
});
