import { DbError } from '@varve/base';
import { pause, type CatalogClient, type CatalogFollower } from '@varve/kit';
import { featureLevelOf, type CatalogCommand } from '@varve/model';
import type { Clock, PasswordHasher, QueryRequest, ResultItem } from '@varve/ports';
import { completeContinuousQuery, formatStatement, reportRows, type KillQueryStatement, type ModuleReport, type ShowStatement, type Statement } from '@varve/query';
import type { SeriesCollector } from './collect-series.ts';
import { commandOf } from './command-of.ts';
import type { DeletePath } from './delete-path.ts';
import type { ExplainPath } from './explain-path.ts';
import type { QueriesPath } from './queries-path.ts';
import { readOnlyWarning } from './read-only-warning.ts';
import { ShowPath } from './show-path.ts';
import { shownItems } from './shown-items.ts';
import type { StatsQuestion } from './stats-of.ts';

export interface StatementPathParts {
  readonly clock: Clock;
  readonly follower: CatalogFollower;
  readonly client: CatalogClient;
  readonly collector: SeriesCollector;
  readonly deletePath: DeletePath;
  readonly passwords: PasswordHasher;
  readonly queriesPath: QueriesPath;
  readonly explainPath: ExplainPath;
  /** What the process says of itself. */
  readonly reports: Readonly<Record<'showStats' | 'showDiagnostics', (question: StatsQuestion) => Promise<readonly ModuleReport[]>>>;
}

/** The members of a cluster that was founded a moment ago report within a second or two what they support (C31). */
const RAISE_WAIT = { attemptCountMax: 30, pauseMs: 100 };

/** Any statement but SELECT: a catalog command, a delete, or a question to the catalog and the data nodes. */
export class StatementPath {
  readonly #parts: StatementPathParts;
  readonly #showPath: ShowPath;

  constructor(parts: StatementPathParts) {
    this.#parts = parts;
    this.#showPath = new ShowPath(parts);
  }

  /** @throws DbError QUERY_INVALID, NOT_SUPPORTED, CATALOG_REJECTED with InfluxDB's text, META_UNAVAILABLE, QUERY_SHARD_UNAVAILABLE, DELETE_INCOMPLETE */
  async *run(statement: Statement, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    switch (statement.kind) {
      case 'explain':
        return yield* this.#parts.explainPath.run(statement, statementId, request);
      case 'showQueries':
        return yield* this.#parts.queriesPath.show(statementId);
      case 'showStats':
      case 'showDiagnostics':
        return yield* this.#report(statement, statementId, request);
      case 'killQuery':
        return yield* this.#kill(statement, statementId, request);
      default:
        return yield* this.#otherwise(statement, statementId, request);
    }
  }

  async *#report(statement: Statement & { readonly kind: 'showStats' | 'showDiagnostics' }, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const reports = await this.#parts.reports[statement.kind]({ module: statement.module, request });
    yield* shownItems(reportRows(reports, statement.module), statementId, 'statement');
  }

  async *#otherwise(given: Statement, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    if (isShow(given)) return yield* this.#showPath.run(given, statementId, request);
    if (isDelete(given)) return yield* this.#delete(given, statementId, request);
    const statement = given.kind === 'createContinuousQuery' ? await this.#completed(given, request) : given;
    const command = await commandOf(statement, this.#parts.passwords);
    if (command === undefined) throw new DbError('NOT_SUPPORTED', `not supported by this version of Varve: ${formatStatement(statement)}`);
    await this.#propose(command, statement, request);
    if (request.isReadOnlyMethod) yield [readOnlyWarning(statement, statementId)];
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

  async *#delete(statement: DeleteLike, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const { deletePath } = this.#parts;
    if (statement.kind === 'dropMeasurement') await this.#dropMeasurement(statement.name, request);
    else await deletePath.delete(statement, request);
    if (request.isReadOnlyMethod && statement.kind !== 'delete') yield [readOnlyWarning(statement, statementId)]; // InfluxDB 1.x has none for DELETE.
  }

  async #dropMeasurement(measurement: string, { database = '', traceParent }: QueryRequest): Promise<void> {
    await this.#raised({ kind: 'dropMeasurement', database, measurement });
    await this.#parts.deletePath.dropMeasurement(database, measurement, traceParent);
  }

  async *#kill(statement: KillQueryStatement, statementId: number, request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    await this.#parts.queriesPath.kill(statement);
    if (request.isReadOnlyMethod) yield [readOnlyWarning(statement, statementId)];
  }
}

type CreateContinuousQuery = Extract<Statement, { readonly kind: 'createContinuousQuery' }>;

type DeleteLike = Extract<Statement, { readonly kind: 'delete' | 'dropSeries' | 'dropMeasurement' }>;

function isDelete(statement: Statement): statement is DeleteLike {
  return statement.kind === 'delete' || statement.kind === 'dropSeries' || statement.kind === 'dropMeasurement';
}

function isShow(statement: Statement): statement is ShowStatement {
  return statement.kind.startsWith('show');
}
