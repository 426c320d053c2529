import { LIMITS } from '@varve/config';
import type { SeriesBlock } from '@varve/model';
import type { ResultItem } from '@varve/ports';
import { rowCountAtOnce } from '@varve/query';

/** Blocks that arrive together as items, as many at a time as make one full block at least: of wide rows that are fewer. What comes before a failure is a part of the answer. */
export function* itemsTogether(blocks: Iterable<SeriesBlock>, statementId: number): Generator<readonly ResultItem[]> {
  let items: ResultItem[] = [];
  let rowCount = 0;
  try {
    for (const block of blocks) {
      items.push({ ...block, kind: 'rows', statementId });
      rowCount += block.rowCount;
      if (rowCount < rowCountAtOnce(block.columns.length, LIMITS.resultBlockRowCountMax)) continue;
      yield items;
      [items, rowCount] = [[], 0];
    }
  } catch (error) {
    if (items.length > 0) yield items;
    throw error;
  }
  if (items.length > 0) yield items;
}
