import { DbError } from '@varve/base';
import { pause, type CatalogClient, type CatalogFollower } from '@varve/kit';
import { featureLevelOf, type CatalogCommand, type RetentionPolicy } from '@varve/model';
import type { Clock, PasswordHasher, QueryRequest, ResultItem } from '@varve/ports';
import { completeContinuousQuery, formatStatement, showNeeds, showRows, type ShowContext, type ShowStatement, type Statement } from '@varve/query';
import type { SeriesCollector } from './collect-series.ts';
import { commandOf } from './command-of.ts';
import type { DeletePath } from './delete-path.ts';

export interface StatementPathParts {
  readonly clock: Clock;
  readonly follower: CatalogFollower;
  readonly client: CatalogClient;
  readonly collector: SeriesCollector;
  readonly deletePath: DeletePath;
  readonly passwords: PasswordHasher;
}

/** The members of a cluster that was founded a moment ago report within a second or two what they support (C31). */
const RAISE_WAIT = { attemptCountMax: 30, pauseMs: 100 };

/** Any statement but SELECT: a catalog command, a delete, or a question to the catalog and the data nodes. */
export class StatementPath {
  readonly #parts: StatementPathParts;

  constructor(parts: StatementPathParts) {
    this.#parts = parts;
  }

  /** @throws DbError QUERY_INVALID, NOT_SUPPORTED, CATALOG_REJECTED with InfluxDB's text, META_UNAVAILABLE, QUERY_SHARD_UNAVAILABLE, DELETE_INCOMPLETE */
  async *run(given: Statement, statementId: number, request: QueryRequest): AsyncGenerator<ResultItem> {
    if (isShow(given)) return yield* this.#show(given, statementId, request);
    if (isDelete(given)) return yield* this.#delete(given, statementId, request);
    const statement = given.kind === 'createContinuousQuery' ? await this.#completed(given, request) : given;
    const command = await commandOf(statement, this.#parts.passwords);
    if (command === undefined) throw new DbError('NOT_SUPPORTED', `not supported by this version of Varve: ${formatStatement(statement)}`);
    await this.#propose(command, statement, request);
    if (request.isReadOnlyMethod) yield { kind: 'message', statementId, level: 'warning', text: readOnlyWarning(statement) };
  }

  /** What another coordinator has created a moment ago counts: a continuous query names databases that are not the request's. */
  async #completed(statement: CreateContinuousQuery, { database, retentionPolicy }: QueryRequest): Promise<Statement> {
    const catalog = await this.#parts.follower.readLinearizable();
    const completed = completeContinuousQuery(statement, { catalog, database, retentionPolicy });
    if (completed.kind === 'error') throw new DbError('QUERY_INVALID', completed.text);
    return completed;
  }

  async #propose(command: CatalogCommand, statement: Statement, { traceParent }: QueryRequest): Promise<void> {
    const { client, follower } = this.#parts;
    await this.#raised(command);
    const { result, version } = await client.propose(command, traceParent);
    const isAsked = result.kind === 'applied' || result.reason === 'userExists';
    if (isAsked) await follower.waitFor(version);
    if (result.kind === 'rejected' && !(isAsked && (await this.#isSameUser(statement)))) throw new DbError('CATALOG_REJECTED', result.message);
  }

  /** Waits a little for a level that the command needs. One that does not come is the catalog's to refuse. */
  async #raised(command: CatalogCommand): Promise<void> {
    const { clock, follower } = this.#parts;
    const isRaised = (): boolean => featureLevelOf(command) <= follower.catalog.featureLevel;
    for (let attempt = 0; attempt < RAISE_WAIT.attemptCountMax && !isRaised(); attempt += 1) await pause(clock, RAISE_WAIT.pauseMs);
  }

  /** The same user once more is no error, as in InfluxDB; but no two hashes of a password are equal, so the catalog cannot see it. */
  async #isSameUser(statement: Statement): Promise<boolean> {
    if (statement.kind !== 'createUser') return false;
    const user = this.#parts.follower.catalog.users.get(statement.name);
    return user !== undefined && user.isAdmin === statement.isAdmin && (await this.#parts.passwords.verify(statement.password, user.passwordHash));
  }

  async *#delete(statement: DeleteLike, statementId: number, request: QueryRequest): AsyncGenerator<ResultItem> {
    const { deletePath } = this.#parts;
    if (statement.kind === 'dropMeasurement') await this.#dropMeasurement(statement.name, request);
    else await deletePath.delete(statement, request);
    if (request.isReadOnlyMethod && statement.kind !== 'delete') yield { kind: 'message', statementId, level: 'warning', text: readOnlyWarning(statement) }; // InfluxDB 1.x has none for DELETE.
  }

  async #dropMeasurement(measurement: string, { database = '', traceParent }: QueryRequest): Promise<void> {
    await this.#raised({ kind: 'dropMeasurement', database, measurement });
    await this.#parts.deletePath.dropMeasurement(database, measurement, traceParent);
  }

  async *#show(statement: ShowStatement, statementId: number, { database, signal, nodeId }: QueryRequest): AsyncGenerator<ResultItem> {
    const context: ShowContext = { catalog: this.#parts.follower.catalog, database };
    const needs = showNeeds(statement, context);
    if (needs.kind === 'error') throw new DbError('QUERY_INVALID', needs.text);
    const names = needs.kind === 'catalog' ? [] : await this.#collect(needs, context, { signal, nodeId });
    const collected = needs.kind === 'measurements' ? { seriesKeys: [], measurements: new Set(names) } : { seriesKeys: names };
    const blocks = showRows(statement, { ...context, ...collected });
    if ('kind' in blocks) throw new DbError('QUERY_INVALID', blocks.text);
    for (const block of blocks) yield { kind: 'rows', statementId, ...block };
  }

  /** Series keys, or names of measurements. */
  #collect(
    needs: Extract<ReturnType<typeof showNeeds>, { readonly kind: 'series' | 'measurements' }>,
    { catalog }: ShowContext,
    asking: { readonly signal: AbortSignal; readonly nodeId: number | undefined },
  ): Promise<readonly string[]> {
    const policies: RetentionPolicy[] = [...catalog.databases.values()]
      .flatMap(({ retentionPolicies }) => [...retentionPolicies.values()])
      .filter(({ id }) => needs.policies.includes(id));
    const { measurements } = needs;
    const asked = { version: catalog.version, ...asking };
    if (needs.kind === 'measurements') return this.#parts.collector.measurements(policies, asked, measurements);
    return this.#parts.collector.seriesKeys(policies, asked, { wants: 'seriesKeys', measurements, filter: needs.filter });
  }
}

type CreateContinuousQuery = Extract<Statement, { readonly kind: 'createContinuousQuery' }>;

type DeleteLike = Extract<Statement, { readonly kind: 'delete' | 'dropSeries' | 'dropMeasurement' }>;

function isDelete(statement: Statement): statement is DeleteLike {
  return statement.kind === 'delete' || statement.kind === 'dropSeries' || statement.kind === 'dropMeasurement';
}

/** InfluxDB tells those who have changed something by GET. */
function readOnlyWarning(statement: Statement): string {
  return `deprecated use of '${formatStatement(statement)}' in a read only context, please use a POST request instead`;
}

function isShow(statement: Statement): statement is ShowStatement {
  return statement.kind.startsWith('show');
}
