import { describe, expect, test } from 'vitest';
import { answerOf, type Sharding } from './testing/memory-engine.ts';
import { comparable, readRecorded } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';

// Every recorded query runs twice: over one shard, and over many small ones in small blocks. Both must say what InfluxDB said.
const SHARDINGS: readonly (readonly [string, Sharding, number])[] = [
  ['one shard', { windowNs: 90n * 86_400_000_000_000n, sliceCount: 1 }, 10_000],
  ['many shards', { windowNs: 50_000_000_000_000n, sliceCount: 3 }, 3],
];

const RECORDED = ['select-answers.json', 'operand-answers.json', 'math-answers.json', 'rows-answers.json', 'transform-answers.json', 'time-zone-answers.json', 'series-limit-answers.json', 'language-answers.json', 'tie-answers.json'];

describe.each(RECORDED.flatMap(readRecorded))('SELECT answers as InfluxDB 1.6.7 does: $name', ({ lines, cases }) => {
  const points = parseTestLines(lines.join('\n'));

  test.each(SHARDINGS)('over %s', async (_name, sharding, chunkRowCount) => {
    for (const { query, params = {}, answer } of cases) {
      expect(comparable(await answerOf(query, points, { params, sharding, chunkRowCount })), query).toEqual(comparable(answer));
    }
  });
});
