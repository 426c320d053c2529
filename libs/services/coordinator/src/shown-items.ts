import { LIMITS } from '@varve/config';
import type { SeriesBlock, ShownCell } from '@varve/model';
import type { ResultBlock, ResultItem } from '@varve/ports';
import type { ShowStatement } from '@varve/query';

/** The blocks of a SHOW as items, a long one in pieces, so that its text need not be there at once. */
export function* shownItems(blocks: readonly SeriesBlock<ShownCell>[], statementId: number, whole: ResultBlock['whole']): Generator<readonly ResultItem[]> {
  let items: ResultItem[] = [];
  let rowCount = 0;
  for (const block of blocks) {
    for (let start = 0; start === 0 || start < block.rowCount; start += LIMITS.resultBlockRowCountMax) {
      const piece = pieceOf(block, start);
      items.push({ kind: 'rows', statementId, whole, ...piece });
      rowCount += piece.rowCount;
      if (rowCount < LIMITS.resultBlockRowCountMax) continue;
      yield items;
      [items, rowCount] = [[], 0];
    }
  }
  if (items.length > 0) yield items;
}

/** What a chunked answer does not cut: InfluxDB 1.x answers some of these statements as it does a SELECT, some series by series, and the rest at once. */
export function wholeOf(statement: ShowStatement): ResultBlock['whole'] {
  switch (statement.kind) {
    case 'showTagKeys':
    case 'showTagValues':
      return 'series';
    case 'showSeries':
    case 'showFieldKeys':
    case 'showSeriesCardinality':
    case 'showMeasurementCardinality':
    case 'showTagKeyCardinality':
    case 'showTagValuesCardinality':
    case 'showFieldKeyCardinality':
      return undefined;
    default:
      return 'statement';
  }
}

function pieceOf(block: SeriesBlock<ShownCell>, start: number): SeriesBlock<ShownCell> {
  const rowCount = Math.min(block.rowCount - start, LIMITS.resultBlockRowCountMax);
  if (rowCount === block.rowCount) return block;
  const end = start + rowCount;
  return { ...block, cells: block.cells.map((column) => column.slice(start, end)), rowCount, isPartial: end < block.rowCount };
}
