import { LIMITS } from '@varve/config';
import type { SeriesBlock } from '@varve/model';
import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { itemsTogether } from './items-together.ts';

const blockOf = (rowCount: number): SeriesBlock => ({ name: 'm', tags: undefined, columns: [], times: undefined, cells: [], rowCount, isPartial: false });

const rowCountsOf = (items: readonly ResultItem[]): readonly number[] => items.map((item) => (item.kind === 'rows' ? item.rowCount : -1));

test('small blocks travel together, and no more rows wait than a block may have', () => {
  const full = LIMITS.resultBlockRowCountMax;
  const rowCounts = (counts: readonly number[]): (readonly number[])[] => [...itemsTogether(counts.map(blockOf), 3)].map(rowCountsOf);
  expect(rowCounts([])).toEqual([]);
  expect(rowCounts([1, 2, 3])).toEqual([[1, 2, 3]]);
  expect(rowCounts([full])).toEqual([[full]]);
  expect(rowCounts([full, 1, full - 1, 7])).toEqual([[full], [1, full - 1], [7]]);
  expect([...itemsTogether([blockOf(1)], 3)][0]).toEqual([{ kind: 'rows', statementId: 3, ...blockOf(1) }]);
});

test('wide rows travel together in as few as make one full block of them', () => {
  const columns = Array.from({ length: 1_000 }, (_, column) => `f${column}`);
  const wide = Array.from({ length: 10 }, () => ({ ...blockOf(65), columns }));
  expect([...itemsTogether(wide, 0)].slice(0, 2).map(rowCountsOf)).toEqual([[65], [65]]);
});

test('the next block is not computed before the rows of a full one are taken', () => {
  let computedCount = 0;
  const blocks = function* (): Generator<SeriesBlock> {
    for (; computedCount < 5; ) {
      computedCount += 1;
      yield blockOf(LIMITS.resultBlockRowCountMax);
    }
  };
  itemsTogether(blocks(), 0).next();
  expect(computedCount).toBe(1);
});

test('what comes before a failure is handed out before it', () => {
  const failing = function* (): Generator<SeriesBlock> {
    yield blockOf(1);
    throw new Error('too many windows');
  };
  const items = itemsTogether(failing(), 0);
  expect(rowCountsOf(items.next().value as readonly ResultItem[])).toEqual([1]);
  expect(() => items.next()).toThrow('too many windows');
});
