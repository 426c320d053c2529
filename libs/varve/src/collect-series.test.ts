import type { ResultBlock, ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { collectSeries } from './collect-series.ts';

function block(ms: number, isPartial: boolean, name = 'm'): ResultBlock {
  const times = { ms: Float64Array.of(ms), subNs: Int32Array.of(5) };
  return { kind: 'rows', statementId: 0, name, tags: undefined, columns: ['time', 'v'], times, cells: [[ms]], rowCount: 1, isPartial };
}

async function* answerOf(items: Iterable<ResultItem>): AsyncIterable<ResultItem> {
  yield* items;
}

test('blocks that continue a series become one, and the next series begins after the last of them', async () => {
  const items: readonly ResultItem[] = [block(1, true), block(2, false), block(3, false), { kind: 'done', statementId: 0 }];
  const series = await collectSeries(answerOf(items));
  expect(series.map(({ rows }) => rows)).toEqual([[[1_000_005n, 1], [2_000_005n, 2]], [[3_000_005n, 3]]]);
  expect(series[0]).toMatchObject({ name: 'm', tags: {}, columns: ['time', 'v'], statementId: 0 });
});

test('a failed statement throws its text', async () => {
  const answer = answerOf([block(1, false), { kind: 'error', statementId: 1, text: 'database not found: d' }]);
  await expect(collectSeries(answer)).rejects.toMatchObject({ code: 'QUERY_INVALID', message: 'database not found: d' });
});

// Copied once per block, these rows would be copied 2 × 10^10 times, and the test would not end.
test('an answer of very many blocks is collected', async () => {
  function* blocks(): Iterable<ResultItem> {
    for (let ms = 0; ms < 200_000; ms += 1) yield block(ms, true);
  }
  const [series] = await collectSeries(answerOf(blocks()));
  expect(series?.rows).toHaveLength(200_000);
  expect(series?.rows.at(-1)).toEqual([199_999_000_005n, 199_999]);
});
