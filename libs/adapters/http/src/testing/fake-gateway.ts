import { DbError } from '@varve/base';
import { splitNs, type Cell, type SplitTimes, type TagSet } from '@varve/model';
import type { DeleteRequest, Gateway, Health, QueryRequest, ResultBlock, ResultItem, WriteRequest, WriteSummary } from '@varve/ports';

/** A gateway without a database: keeps what it was asked and answers what a test wants. */
export class FakeGateway implements Gateway {
  readonly writes: (Omit<WriteRequest, 'body'> & { readonly text: string })[] = [];
  readonly deletes: DeleteRequest[] = [];
  readonly queries: QueryRequest[] = [];
  onWrite: () => Promise<WriteSummary> = () => Promise.resolve({ acceptedRowCount: 0, lineErrors: [], dropped: undefined });
  onDelete: () => Promise<void> = () => Promise.resolve();
  onQuery: (request: QueryRequest) => AsyncIterable<ResultItem> = () => listed([]);
  healthNow: Health = { isPassing: true, problems: [] };

  writePoints({ body, ...rest }: WriteRequest): Promise<WriteSummary> {
    this.writes.push({ ...rest, text: new TextDecoder().decode(body) });
    return this.onWrite();
  }

  deletePoints(request: DeleteRequest): Promise<void> {
    this.deletes.push(request);
    return this.onDelete();
  }

  runQuery(request: QueryRequest): AsyncIterable<ResultItem> {
    this.queries.push(request);
    return this.onQuery(request);
  }

  health(): Health {
    return this.healthNow;
  }
}

/** The items one after the other, then the failure if there is one. */
export async function* listed(items: readonly ResultItem[], failure?: DbError): AsyncGenerator<ResultItem> {
  await Promise.resolve();
  yield* items;
  if (failure !== undefined) throw failure;
}

/** A block of rows; each row begins with its time in nanoseconds when the columns do. */
export function rows(
  statementId: number,
  name: string,
  columns: readonly string[],
  values: readonly (readonly (Cell | bigint)[])[],
  { tags, isPartial = false }: { readonly tags?: TagSet; readonly isPartial?: boolean } = {},
): ResultBlock {
  const hasTimes = columns[0] === 'time';
  const cellRows = hasTimes ? values.map((row) => row.slice(1)) : values;
  return {
    kind: 'rows',
    statementId,
    name,
    tags,
    columns,
    times: hasTimes ? splitTimes(values.map((row) => BigInt(row[0] as number | bigint))) : undefined,
    cells: columns.slice(hasTimes ? 1 : 0).map((_, index) => cellRows.map((row) => row[index]!)),
    rowCount: values.length,
    isPartial,
  };
}

export function splitTimes(timesNs: readonly bigint[]): SplitTimes {
  const split = timesNs.map(splitNs);
  return { ms: Float64Array.from(split, ({ ms }) => ms), subNs: Int32Array.from(split, ({ subNs }) => subNs) };
}
