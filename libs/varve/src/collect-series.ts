import { DbError } from '@varve/base';
import { joinNs, type ShownCell } from '@varve/model';
import type { ResultBlock, ResultItem } from '@varve/ports';

/** One series of an answer. */
export interface ResultSeries {
  readonly statementId: number;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  /** One array per row; the time, where there is one, as nanoseconds in a bigint. */
  readonly rows: readonly (readonly (ShownCell | bigint)[])[];
}

type Row = readonly (ShownCell | bigint)[];

/** A whole answer in memory. @throws DbError QUERY_INVALID with InfluxDB's text when a statement failed, QUERY_SHARD_UNAVAILABLE when its answer is partial */
export async function collectSeries(answer: AsyncIterable<ResultItem>): Promise<readonly ResultSeries[]> {
  const series: (ResultSeries & { readonly rows: Row[] })[] = [];
  let isContinued = false;
  for await (const item of answer) {
    if (item.kind === 'error') throw new DbError('QUERY_INVALID', item.text);
    if (item.kind === 'partial') throw new DbError('QUERY_SHARD_UNAVAILABLE', item.text);
    if (item.kind !== 'rows') continue;
    const { statementId, name, tags, columns } = item;
    if (!isContinued) series.push({ statementId, name, tags: Object.fromEntries(tags ?? []), columns, rows: [] });
    const { rows } = series.at(-1)!;
    for (let row = 0; row < item.rowCount; row += 1) rows.push(rowOf(item, row));
    isContinued = item.isPartial;
  }
  return series;
}

function rowOf({ times, cells }: ResultBlock, row: number): Row {
  const values = cells.map((column) => column[row] ?? null);
  return times === undefined ? values : [joinNs(times.ms[row]!, times.subNs[row]!), ...values];
}
