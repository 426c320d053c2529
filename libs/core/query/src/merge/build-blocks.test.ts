import { expect, test } from 'vitest';
import type { MergePlan } from '../plan/query-plan.ts';
import { buildBlocks } from './build-blocks.ts';
import type { RowBatch } from './row-batch.ts';

const PLAN: MergePlan = {
  ...{ range: { startNs: 0n, endNs: 1n }, isDescending: false, timeZone: undefined, dimensions: ['host'], hasOneSeries: false, transform: undefined, tagColumns: [] },
  ...{ input: { kind: 'rows', columns: [{ type: 'float' }] }, fill: { kind: 'none' }, columnNames: ['time', 'f'] },
  projections: [{ kind: 'input', index: 0, type: 'float' }],
  limits: { limit: undefined, offset: 0, seriesLimit: undefined, seriesOffset: 0 },
};

/** Rows of a host, at these times. */
function batch(host: string, times: readonly number[]): RowBatch {
  return { group: { measurement: 'm', values: [host] }, times: { ms: times, subNs: times.map(() => 0) }, inputs: [times.map((ms) => ms / 2)] };
}

test('rows travel in blocks of at most so many, small batches together, and each series says where it ends', () => {
  const check = (batches: readonly RowBatch[], expected: readonly string[]): void => {
    const blocks = [...buildBlocks(PLAN, 4)(batches, true)];
    expect(blocks.map(({ tags, times, cells, rowCount, isPartial }) => {
      expect([times!.ms.length, cells[0]]).toEqual([rowCount, Array.from(times!.ms, (ms) => ms / 2)]);
      return `${tags![0]![1]} ${Array.from(times!.ms).join(' ')}${isPartial ? ' …' : ''}`;
    })).toEqual(expected);
  };
  check([], []);
  check([batch('a', [1]), batch('a', [2, 3]), batch('a', [4])], ['a 1 2 3 4']);
  check([batch('a', [1]), batch('b', [2])], ['a 1', 'b 2']);
  check([batch('a', [1, 2, 3, 4, 5])], ['a 1 2 3 4 …', 'a 5']);
  // What does not fit begins the next block.
  check([batch('a', [1, 2]), batch('a', [3, 4, 5]), batch('a', [6]), batch('b', [7])], ['a 1 2 …', 'a 3 4 5 6', 'b 7']);
});

test('rows are copied into a block with others only while they are few', () => {
  const rowCountsOf = (counts: readonly number[]): readonly number[] => {
    let ms = 0;
    const batches = counts.map((count) => batch('a', Array.from({ length: count }, () => (ms += 1))));
    return [...buildBlocks(PLAN, 1_000)(batches, true)].map(({ rowCount }) => rowCount);
  };
  expect(rowCountsOf([255, 100, 300])).toEqual([355, 300]);
  expect(rowCountsOf([256, 100, 300])).toEqual([256, 400]);
});
