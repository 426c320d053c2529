import { DbError } from '@varve/base';
import type { CatalogFollower } from '@varve/kit';
import type { Catalog, RetentionPolicy, RetentionPolicyId } from '@varve/model';
import type { QueryRequest, ResultItem } from '@varve/ports';
import { showNeeds, showRows, type ShowContext, type ShowPart, type ShowStatement } from '@varve/query';
import { Collected, type SeriesCollector } from './collect-series.ts';
import { shownItems, wholeOf } from './shown-items.ts';

export interface ShowPathParts {
  readonly follower: CatalogFollower;
  readonly collector: SeriesCollector;
}

/** A SHOW that the catalog and the series of data nodes answer. */
export class ShowPath {
  readonly #parts: ShowPathParts;

  constructor(parts: ShowPathParts) {
    this.#parts = parts;
  }

  /** @throws DbError QUERY_INVALID, QUERY_LIMIT, QUERY_SHARD_UNAVAILABLE */
  async *run(statement: ShowStatement, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const { database, retentionPolicy, nowNs } = request;
    const context: ShowContext = { catalog: this.#parts.follower.catalog, database, retentionPolicy, nowNs };
    const needs = showNeeds(statement, context);
    if (needs.kind === 'error') throw new DbError('QUERY_INVALID', needs.text);
    const collected = new Collected();
    if (needs.kind === 'series') for (const part of needs.parts) await this.#collect(part, context.catalog, request, collected);
    const blocks = showRows(statement, { ...context, names: collected.names, estimate: collected.sketch.estimate() });
    if ('kind' in blocks) throw new DbError('QUERY_INVALID', blocks.text);
    yield* shownItems(blocks, statementId, wholeOf(statement));
  }

  #collect({ policies, question }: ShowPart, catalog: Catalog, { signal, nodeId }: QueryRequest, into: Collected): Promise<void> {
    return this.#parts.collector.collect(policiesOf(catalog, policies), { version: catalog.version, signal, nodeId }, question, into);
  }
}

function policiesOf({ databases }: Catalog, ids: readonly RetentionPolicyId[]): RetentionPolicy[] {
  return [...databases.values()].flatMap(({ retentionPolicies }) => [...retentionPolicies.values()]).filter(({ id }) => ids.includes(id));
}
