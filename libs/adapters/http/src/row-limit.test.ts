import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { RowLimit } from './row-limit.ts';
import { rows } from './testing/fake-gateway.ts';

const block = (statementId: number, rowCount: number, isPartial = false): ResultItem =>
  rows(statementId, 'm', ['v'], Array.from({ length: rowCount }, (_, index) => [index]), { isPartial });

/** What is answered of the items, in short, until the limit is reached. */
function partsOf(items: readonly ResultItem[], rowCountMax: number): string[] {
  const limit = new RowLimit(rowCountMax);
  const parts: string[] = [];
  for (const item of items) {
    if (limit.isReached) break;
    const part = limit.partOf(item);
    if (part !== undefined) parts.push(part.kind === 'rows' ? `${part.rowCount}${part.isPartial ? '…' : ''}` : part.kind);
  }
  return parts;
}

test('an answer ends at the limit, and what is cut says so', () => {
  const done: ResultItem = { kind: 'done', statementId: 0 };
  const check = (items: readonly ResultItem[], rowCountMax: number, expected: readonly string[]): void => expect(partsOf(items, rowCountMax)).toEqual(expected);

  check([block(0, 2), block(0, 3), done], Infinity, ['2', '3', 'done']);
  check([block(0, 2), block(0, 3), done], 5, ['2', '3', 'done']);
  check([block(0, 2), block(0, 3), done], 4, ['2', '2…']);
  check([block(0, 2), block(0, 3), done], 2, ['2', 'cut']); // between two series
  check([block(0, 2, true), block(0, 3), done], 2, ['2…']); // the series says it already
  check([block(0, 2), done, block(1, 1), done], 2, ['2', 'done']); // the statement behind is left out
});
