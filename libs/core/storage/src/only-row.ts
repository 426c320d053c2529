import { hasNumbers, type NamedColumn, type SeriesRow, type SummaryColumns } from '@varve/model';
import type { BlockSource, SeriesRead, Source } from './read-pieces.ts';
import { hasAnyValue, type OffsetRange } from './rows.ts';

/** Of the rows of a series in a range, the one that a reader wants. */
export type OnlyRow = 'first' | 'last';

/**
 * Of sources in the order of time those that have the row. One is enough if all others begin behind the row or end before it: a block
 * whose summary says what is in the row, or a memtable's rows that none of the others reaches into.
 */
export function sourcesOfRow(which: OnlyRow, { range, fields }: Pick<SeriesRead, 'range' | 'fields'>, sources: readonly Source[]): readonly Source[] {
  const outer = outermost(which, sources);
  if (outer === undefined) return sources;
  if (outer.kind === 'held') {
    const hasRow = outer.hiding.length === 0 && isApart(outer, sources) && outer.rows.unpack(fields).columns.some(({ column }) => hasAnyValue(column));
    return hasRow ? [outer] : sources;
  }
  if (!saysRow(which, range, outer, sources)) return sources;
  outer.isSummed = true;
  return [outer];
}

/** The row, as the summary of its block has it. */
export function onlyRowOf({ header: { minOffsetsNs, maxOffsetsNs }, page, fields }: BlockSource, which: OnlyRow): SeriesRow {
  const columns: NamedColumn[] = [];
  for (const { name, type, summaries } of fields) {
    const values = summaries.numbers![which];
    columns.push({ name, column: type === 'float' ? { type, values, validity: undefined } : { type: 'integer', values, validity: undefined } });
  }
  return { row: page, offsetsNs: which === 'first' ? minOffsetsNs : maxOffsetsNs, columns };
}

function outermost(which: OnlyRow, sources: readonly Source[]): Source | undefined {
  let outer = sources[0];
  if (which === 'last') for (const source of sources) if (source.maxNs > outer!.maxNs) outer = source;
  return outer;
}

function isApart({ minNs, maxNs }: Source, sources: readonly Source[]): boolean {
  let overlapCount = 0;
  for (const each of sources) if (each.minNs <= maxNs && each.maxNs >= minNs) overlapCount += 1;
  return overlapCount === 1; // Itself.
}

/** Whether the row at the block's end is the one, and each of its cells is a number that the summary has: of a page that blocks share it has none. */
function saysRow(which: OnlyRow, { startOffsetNs, endOffsetNs }: OffsetRange, block: BlockSource, sources: readonly Source[]): boolean {
  const { minNs, maxNs, page, fields, hiding } = block;
  if (hiding.length > 0) return false;
  if (which === 'first' ? minNs < startOffsetNs : maxNs >= endOffsetNs) return false;
  for (const each of sources) if (each !== block && (which === 'first' ? each.minNs <= minNs : each.maxNs >= maxNs)) return false;
  for (const { summaries } of fields) if (!hasNumbers(summaries, page) || !reaches(which, summaries, page)) return false;
  return true;
}

/** Whether the field has a value in the first or the last row of a block. */
function reaches(which: OnlyRow, { gaps }: SummaryColumns, page: number): boolean {
  return gaps === undefined || gaps[which === 'first' ? 1 : 2][page] === 0;
}
