import type { Cell, SeriesBlock, ShownCell } from '@varve/model';

/** A whole series of an answer that has no times, column by column. Without a row there are columns and no values. */
export function showBlock<Shown extends ShownCell = Cell>(name: string, columns: readonly string[], cells: readonly (readonly NoInfer<Shown>[])[]): SeriesBlock<Shown> {
  return { name, tags: undefined, columns, times: undefined, cells, rowCount: cells[0]!.length, isPartial: false };
}

/** The same of one array per row. */
export function showTable<Shown extends ShownCell = Cell>(name: string, columns: readonly string[], rows: readonly (readonly NoInfer<Shown>[])[]): SeriesBlock<Shown> {
  return showBlock<Shown>(name, columns, columns.map((_, column) => rows.map((row) => row[column]!)));
}
