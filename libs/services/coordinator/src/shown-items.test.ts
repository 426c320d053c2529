import { LIMITS } from '@varve/config';
import type { SeriesBlock } from '@varve/model';
import { expect, test } from 'vitest';
import { shownItems } from './shown-items.ts';

const blockOf = (rowCount: number): SeriesBlock => ({
  ...{ name: 'm', tags: undefined, columns: ['key'], times: undefined, rowCount, isPartial: false },
  cells: [Array.from({ length: rowCount }, (_, index) => index)],
});

test('a long block leaves in pieces of one series, short ones together', () => {
  const full = LIMITS.resultBlockRowCountMax;
  const shown = [...shownItems([0, 1, full + 1, full, 2].map(blockOf), 3, 'series')].map((items) =>
    items.map((item) => (item.kind === 'rows' ? `${item.rowCount}${item.isPartial ? '…' : ''}` : item.kind)),
  );
  expect(shown).toEqual([['0', '1', `${full}…`], ['1', `${full}`], ['2']]);

  const cells = [...shownItems([blockOf(full + 2)], 0, 'series')].flat().flatMap((item) => (item.kind === 'rows' ? item.cells[0]! : []));
  expect(cells).toEqual(blockOf(full + 2).cells[0]);
});
