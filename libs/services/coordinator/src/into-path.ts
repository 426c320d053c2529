import { DbError } from '@varve/base';
import type { CatalogFollower } from '@varve/kit';
import { partialWriteText, type QueryRequest, type ResultItem } from '@varve/ports';
import { completeSelect, planInto, PointCollector, type IntoPlan, type SelectStatement, type Target } from '@varve/query';
import type { QueryPath } from './query-path.ts';
import { readOnlyWarning } from './read-only-warning.ts';
import { schemaOf } from './schema-of.ts';
import type { WritePath } from './write-path.ts';

export interface IntoPathParts {
  readonly queryPath: QueryPath;
  readonly writePath: WritePath;
  readonly follower: CatalogFollower;
}

export type SelectInto = SelectStatement & { readonly target: Target };

/**
 * SELECT … INTO (IN1): the answer is written as clients write, batch by batch. While a batch is under way
 * nothing more of the answer is asked for; how many rows there were is said when all of them are durable. What was
 * written before an error stays.
 */
export class IntoPath {
  readonly #parts: IntoPathParts;

  constructor(parts: IntoPathParts) {
    this.#parts = parts;
  }

  /** @throws DbError of the query and of the write; WRITE_PARTIAL when points were dropped */
  async *run(statement: SelectInto, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const { queryPath, follower } = this.#parts;
    const { catalog } = follower;
    const { signal, nodeId, traceParent, chunkRowCount } = request;
    const asking = { catalog, signal, nodeId, traceParent, missing: undefined }; // An answer that is not whole is not written.
    const plan = await queryPath.plan(statement, request, asking);
    const defaults = { database: request.database, retentionPolicy: request.retentionPolicy, schema: schemaOf(catalog, undefined) };
    const into = planInto(statement.target, plan.mergePlan, defaults);
    if ('kind' in into) throw new DbError('QUERY_INVALID', into.text);
    const points = new PointCollector(into);
    let writtenCount = 0;
    for await (const blocks of queryPath.execute(plan, asking, chunkRowCount)) {
      for (const block of blocks) {
        points.add(block);
        if (points.isFull) writtenCount += await this.#write(points, into, request);
      }
    }
    writtenCount += await this.#write(points, into, request);
    yield [written(writtenCount, statementId)];
    if (!request.isReadOnlyMethod) return;
    const completed = completeSelect(statement, { ...request, catalog });
    yield [readOnlyWarning(completed.kind === 'error' ? statement : completed, statementId)];
  }

  /** Writes what was collected at the level of the policy; resolves with the number of rows. */
  async #write(points: PointCollector, { database, retentionPolicy }: IntoPlan, { nowNs, traceParent }: QueryRequest): Promise<number> {
    const { rowCount, sizeBytes } = points;
    if (rowCount === 0) return 0;
    const summary = await this.#parts.writePath.writeBatch({ batch: points.take(), sizeBytes, database, retentionPolicy, level: undefined, nowNs, traceParent });
    const refusal = partialWriteText(summary);
    if (refusal !== undefined) throw new DbError('WRITE_PARTIAL', refusal);
    return rowCount;
  }
}

function written(rowCount: number, statementId: number): ResultItem {
  const times = { ms: Float64Array.of(0), subNs: Int32Array.of(0) };
  return { kind: 'rows', statementId, name: 'result', tags: undefined, columns: ['time', 'written'], times, cells: [[rowCount]], rowCount: 1, isPartial: false };
}
