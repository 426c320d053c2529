import { DbError } from '@varve/base';
import type { CatalogClient, CatalogFollower } from '@varve/kit';
import type { CatalogCommand, RetentionPolicy } from '@varve/model';
import type { QueryRequest, ResultItem } from '@varve/ports';
import { formatStatement, showNeeds, showRows, type ShowContext, type ShowStatement, type Statement } from '@varve/query';
import type { SeriesCollector } from './collect-series.ts';

export interface StatementPathParts {
  readonly follower: CatalogFollower;
  readonly client: CatalogClient;
  readonly collector: SeriesCollector;
}

/** Any statement but SELECT: a catalog command, or a question to the catalog and the data nodes. */
export class StatementPath {
  readonly #parts: StatementPathParts;

  constructor(parts: StatementPathParts) {
    this.#parts = parts;
  }

  /** @throws DbError QUERY_INVALID, NOT_SUPPORTED, CATALOG_REJECTED with InfluxDB's text, META_UNAVAILABLE, QUERY_SHARD_UNAVAILABLE */
  async *run(statement: Statement, statementId: number, request: QueryRequest): AsyncGenerator<ResultItem> {
    const command = commandOf(statement);
    if (command !== undefined) yield* this.#command(command, statement, statementId, request);
    else if (isShow(statement)) yield* this.#show(statement, statementId, request);
    else throw new DbError('NOT_SUPPORTED', `not supported by this version of Varve: ${formatStatement(statement)}`);
  }

  async *#command(command: CatalogCommand, statement: Statement, statementId: number, request: QueryRequest): AsyncGenerator<ResultItem> {
    if (request.isReadOnlyMethod) yield { kind: 'message', statementId, level: 'warning', text: readOnlyWarning(statement) };
    const { result, version } = await this.#parts.client.propose(command, request.traceParent);
    if (result.kind === 'rejected') throw new DbError('CATALOG_REJECTED', result.message);
    await this.#parts.follower.waitFor(version);
  }

  async *#show(statement: ShowStatement, statementId: number, { database, signal, nodeId }: QueryRequest): AsyncGenerator<ResultItem> {
    const context: ShowContext = { catalog: this.#parts.follower.catalog, database };
    const needs = showNeeds(statement, context);
    if (needs.kind === 'error') throw new DbError('QUERY_INVALID', needs.text);
    const seriesKeys = needs.kind === 'catalog' ? [] : await this.#seriesKeys(needs, context, { signal, nodeId });
    const blocks = showRows(statement, { ...context, seriesKeys });
    if ('kind' in blocks) throw new DbError('QUERY_INVALID', blocks.text);
    for (const block of blocks) yield { kind: 'rows', statementId, ...block };
  }

  #seriesKeys(
    needs: Extract<ReturnType<typeof showNeeds>, { readonly kind: 'series' }>,
    { catalog }: ShowContext,
    asking: { readonly signal: AbortSignal; readonly nodeId: number | undefined },
  ): Promise<readonly string[]> {
    const policies: RetentionPolicy[] = [...catalog.databases.values()]
      .flatMap(({ retentionPolicies }) => [...retentionPolicies.values()])
      .filter(({ id }) => needs.policies.includes(id));
    const { measurements, filter } = needs;
    return this.#parts.collector.seriesKeys(policies, { version: catalog.version, ...asking }, { wants: 'seriesKeys', measurements, filter });
  }
}

/** InfluxDB tells those who change something by GET. */
function readOnlyWarning(statement: Statement): string {
  return `deprecated use of '${formatStatement(statement)}' in a read only context, please use a POST request instead`;
}

function isShow(statement: Statement): statement is ShowStatement {
  const kinds: readonly string[] = ['showDatabases', 'showServers', 'showRetentionPolicies', 'showMeasurements', 'showSeries', 'showTagKeys', 'showTagValues', 'showFieldKeys'] satisfies ShowStatement['kind'][];
  return kinds.includes(statement.kind);
}

/** The catalog command that a statement is; undefined when it is none. */
function commandOf(statement: Statement): CatalogCommand | undefined {
  switch (statement.kind) {
    case 'createDatabase':
      return { kind: 'createDatabase', name: statement.name, retentionPolicy: statement.retentionPolicy };
    case 'dropDatabase':
      return { kind: 'dropDatabase', name: statement.name };
    case 'createRetentionPolicy': {
      const { database, isDefault, name, durationNs, replicaCount, shardDurationNs } = statement;
      return { kind: 'createRetentionPolicy', database, isDefault, options: { name, durationNs, replicaCount, shardDurationNs } };
    }
    case 'alterRetentionPolicy': {
      const { database, isDefault, name, durationNs, replicaCount, shardDurationNs } = statement;
      return { kind: 'alterRetentionPolicy', database, name, isDefault, changes: { durationNs, replicaCount, shardDurationNs } };
    }
    case 'dropRetentionPolicy':
      return { kind: 'dropRetentionPolicy', database: statement.database, name: statement.name };
    default:
      return undefined;
  }
}
