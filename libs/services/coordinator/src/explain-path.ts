import { LIMITS } from '@varve/config';
import type { CatalogFollower, LivenessView } from '@varve/kit';
import type { Catalog, TagExpression } from '@varve/model';
import type { Clock, QueryRequest, ResultItem } from '@varve/ports';
import {
  analyzedLines,
  askedSources,
  explainPlan,
  formatStatement,
  type ExplainedSource,
  type ExplainStatement,
  type PlannedMeasurements,
  type QueryPlan,
  type SelectStatement,
  type SeriesQuestion,
} from '@varve/query';
import { Collected, type SeriesCollector } from './collect-series.ts';
import { executingOwners } from './executing-owner.ts';
import { MissingShards } from './missing-shards.ts';
import type { QueryPath } from './query-path.ts';
import { ShardObserver } from './shard-observer.ts';

export interface ExplainPathParts {
  readonly clock: Clock;
  readonly follower: CatalogFollower;
  readonly liveness: LivenessView;
  readonly collector: SeriesCollector;
  readonly queryPath: QueryPath;
}

interface Explaining {
  readonly catalog: Catalog;
  readonly request: QueryRequest;
  readonly missing: MissingShards | undefined;
}

/** EXPLAIN and EXPLAIN ANALYZE: what a SELECT would do, and what it did. docs/specs/show.md. */
export class ExplainPath {
  readonly #parts: ExplainPathParts;

  constructor(parts: ExplainPathParts) {
    this.#parts = parts;
  }

  /** @throws DbError as the SELECT that is explained */
  async *run({ isAnalyze, statement }: ExplainStatement, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const missing = request.nodeId === undefined ? new MissingShards() : undefined;
    const lines = isAnalyze ? await this.#analyze(statement, request, missing) : await this.#explain(statement, request, missing);
    const columns = [isAnalyze ? 'EXPLAIN ANALYZE' : 'QUERY PLAN'];
    const rows: ResultItem = { kind: 'rows', statementId, whole: 'statement', name: '', tags: undefined, columns, times: undefined, cells: [lines], rowCount: lines.length, isPartial: false };
    yield [rows, ...(missing?.items(statementId) ?? [])];
  }

  /** EX1: nothing of the data is read, but which series there are. */
  async #explain(statement: SelectStatement, request: QueryRequest, missing: MissingShards | undefined): Promise<readonly string[]> {
    const { follower: { catalog }, queryPath } = this.#parts;
    const plan = await queryPath.plan(statement, request, { catalog, missing });
    const sources: ExplainedSource[] = [];
    for (const { source, range } of askedSources(plan)) sources.push(await this.#explained(source, range, { catalog, request, missing }));
    return explainPlan(sources);
  }

  async #explained(source: PlannedMeasurements, range: QueryPlan['range'], { catalog, request, missing }: Explaining): Promise<ExplainedSource> {
    const { queryPath, liveness } = this.#parts;
    const { nodeId } = request;
    const shards = queryPath.shardsOf(source, range, { catalog, nodeId }).map(({ shard: { id, owners }, range: window }) => {
      const attempts = executingOwners({ id, owners }, liveness, nodeId).filter(({ mayJoin }) => !mayJoin || nodeId !== undefined);
      return { shard: id, range: window, owners: attempts.map(({ owner }) => owner) };
    });
    return { source, range, shards, seriesCount: await this.#seriesCount(source, range, { catalog, request, missing }) };
  }

  /** Measurements with the same condition are asked for together. */
  async #seriesCount({ database, retentionPolicy, shardPlan }: PlannedMeasurements, within: QueryPlan['range'], { catalog, request, missing }: Explaining): Promise<number> {
    const policy = catalog.databases.get(database)!.retentionPolicies.get(retentionPolicy)!;
    const collected = new Collected();
    const { signal, nodeId } = request;
    for (const [filter, measurements] of Map.groupBy(shardPlan.measurements, ({ tagFilter }) => JSON.stringify(tagFilter))) {
      const question: SeriesQuestion = { wants: 'sketch', measurements: measurements.map(({ name }) => name), filter: JSON.parse(filter) as TagExpression };
      await this.#parts.collector.collect([policy], { version: catalog.version, signal, nodeId, missing, within }, question, collected);
    }
    return collected.sketch.estimate();
  }

  /** EX2: the rows of the answer are counted and let go of. */
  async #analyze(statement: SelectStatement, request: QueryRequest, missing: MissingShards | undefined): Promise<readonly string[]> {
    const { clock, follower: { catalog }, queryPath } = this.#parts;
    const { signal, nodeId, traceParent } = request;
    const beganMs = clock.monotonicMs();
    const plan = await queryPath.plan(statement, request, { catalog, missing });
    const plannedMs = clock.monotonicMs();
    const observers: ShardObserver[] = [];
    const observe = (source: PlannedMeasurements, { shard }: { readonly shard: { readonly id: number } }): ShardObserver => {
      const observer = new ShardObserver(clock, { shard: shard.id, measurements: source.shardPlan.measurements.map(({ name }) => name) });
      observers.push(observer);
      return observer;
    };
    let [rowCount, seriesCount] = [0, 0];
    for await (const blocks of queryPath.execute(plan, { catalog, signal, nodeId, traceParent, missing, observe }, LIMITS.chunkRowCountDefault)) {
      for (const block of blocks) {
        rowCount += block.rowCount;
        if (!block.isPartial) seriesCount += 1;
      }
    }
    const executionMs = clock.monotonicMs() - plannedMs;
    return analyzedLines({ statement: formatStatement(statement), planningMs: plannedMs - beganMs, executionMs, rowCount, seriesCount, shards: observers.map(({ result }) => result) });
  }
}
