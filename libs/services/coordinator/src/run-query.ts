import { DbError, type DurationMs } from '@varve/base';
import { Turns, type CatalogFollower } from '@varve/kit';
import type { NodeId } from '@varve/model';
import { traceIdOf, type Clock, type Log, type Metrics, type QueryRequest, type ResultItem, type Tracer } from '@varve/ports';
import { parsedInParts, type ParseResult, type Statement } from '@varve/query';
import { attributes, metrics as names, spans } from '@varve/telemetry';
import type { IntoPath } from './into-path.ts';
import { ItemByItem } from './item-by-item.ts';
import type { QueryPath } from './query-path.ts';
import type { QueryEnd } from './query-end.ts';
import type { QueryRoom } from './query-room.ts';
import type { RunningQueries } from './running-queries.ts';
import { loggableReason, loggableText } from './secret-statements.ts';
import type { StatementPath } from './statement-path.ts';

export interface QueryRunnerParts {
  readonly queryPath: QueryPath;
  readonly intoPath: IntoPath;
  readonly statementPath: StatementPath;
  readonly follower: CatalogFollower;
  readonly queries: RunningQueries;
  readonly room: QueryRoom;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

export interface QueryBounds {
  /** Of all statements of a text together; 0 is no limit. */
  readonly queryTimeoutMs: DurationMs;
  /** 0 logs none. */
  readonly slowQueryMs: DurationMs;
}

/**
 * Runs the statements of one query text, one after the other. A statement that fails is answered with its error, and the
 * ones behind it are not executed, as in InfluxDB.
 */
export class QueryRunner {
  readonly #parts: QueryRunnerParts;
  readonly #bounds: QueryBounds;

  constructor(parts: QueryRunnerParts, bounds: QueryBounds) {
    this.#parts = parts;
    this.#bounds = bounds;
  }

  /** @throws DbError QUERY_PARSE, NOT_SUPPORTED, REQUEST_INVALID before the first item */
  run(request: QueryRequest): AsyncIterable<ResultItem> {
    return new ItemByItem(this.#run(request));
  }

  async *#run(request: QueryRequest): AsyncGenerator<readonly ResultItem[]> {
    const turns = new Turns(this.#parts.clock);
    const parsed = await parsedInTurns(request, turns);
    if (parsed.kind === 'error') throw new DbError('QUERY_PARSE', `error parsing query: ${parsed.message}`);
    if (request.level !== undefined && request.level !== 'one') {
      throw new DbError('NOT_SUPPORTED', `reading at consistency=${request.level} is not supported by this version of Varve yet; use consistency=one`);
    }
    const { clock, log, metrics, tracer } = this.#parts;
    const { traceParent } = request;
    const span = tracer.startChild(spans.coordinatorQuery, traceParent, { attributes: { [attributes.database]: request.database ?? '' } });
    const startedMs = clock.monotonicMs();
    const running = this.#parts.queries.begin(parsed.statements, request.database, request.onEnded);
    const { end } = running;
    const unfollow = end.follow(request.signal);
    const { queryTimeoutMs, slowQueryMs } = this.#bounds;
    const timer = queryTimeoutMs === 0 ? undefined : clock.after(queryTimeoutMs, () => end.because('timeout'));
    try {
      const asked = this.#parts.room.refusalOf(running);
      const refusal = asked && (await asked);
      if (refusal === undefined) {
        if (!this.#isAllKnown(request)) await this.#lookAgainFor(request);
        yield* this.#statements(parsed.statements, { ...request, traceParent: span.traceParent, signal: end.signal }, { end, turns });
      } else {
        running.done(); // Before its client has read of it: the others have the room.
        yield [{ kind: 'error', statementId: 0, text: refusal, code: 'QUERY_LIMIT' }, { kind: 'done', statementId: 0 }];
      }
    } catch (error) {
      span.end(error);
      throw error;
    } finally {
      timer?.cancel();
      unfollow();
      running.done();
      span.end();
      const elapsedMs = clock.monotonicMs() - startedMs;
      metrics.observe(names.queryDuration, elapsedMs / 1000);
      if (slowQueryMs > 0 && elapsedMs > slowQueryMs) log.warn('Slow query', { traceId: traceIdOf(traceParent), query: loggableText(request.text, parsed.statements), database: request.database, elapsedMs });
    }
  }

  /** What is not known may have been created through another coordinator a moment ago. Without a meta node, what is known has to do. @throws DbError REQUEST_INVALID */
  async #lookAgainFor({ database, nodeId }: QueryRequest): Promise<void> {
    const { follower, log } = this.#parts;
    try {
      await follower.readLinearizable();
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('An unknown database or node was not asked for', { database, nodeId, code: error.code, reason: error.message });
    }
    // Q6: nobody would answer, which looks like a node without data.
    if (!this.#isKnown(nodeId)) throw new DbError('REQUEST_INVALID', `unknown node_id ${nodeId}: no data node has it; SHOW SERVERS lists those there are`);
  }

  #isAllKnown({ database, nodeId }: QueryRequest): boolean {
    return (database === undefined || this.#parts.follower.catalog.databases.has(database)) && this.#isKnown(nodeId);
  }

  #isKnown(nodeId: NodeId | undefined): boolean {
    return nodeId === undefined || this.#parts.follower.catalog.nodes.get(nodeId)?.role === 'data';
  }

  async *#statements(statements: readonly Statement[], request: QueryRequest, { end, turns }: Running): AsyncGenerator<readonly ResultItem[]> {
    let hasFailed = false;
    for (const [statementId, statement] of statements.entries()) {
      if (hasFailed) yield [{ kind: 'error', statementId, text: 'not executed' }];
      else hasFailed = yield* this.#statement(statement, statementId, request, end);
      yield [{ kind: 'done', statementId }];
      const rest = turns.maybeRest(); // Each statement is short, thousands of them are not.
      if (rest !== undefined) await rest;
    }
  }

  /** Returns whether it failed. */
  async *#statement(statement: Statement, statementId: number, request: QueryRequest, end: QueryEnd): AsyncGenerator<readonly ResultItem[], boolean> {
    try {
      if (end.reason !== undefined) throw new DbError('QUERY_INTERRUPTED', INTERRUPTED);
      yield* this.#items(statement, statementId, request);
      return false;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      const text = end.reason === 'killed' ? INTERRUPTED : end.reason === 'timeout' ? 'query-timeout limit exceeded' : error.message;
      this.#parts.log.debug('Statement failed', { code: error.code, reason: loggableReason(text, statement), statement: statement.kind });
      yield [{ kind: 'error', statementId, text, code: error.code }];
      return true;
    }
  }

  #items(statement: Statement, statementId: number, request: QueryRequest): AsyncIterable<readonly ResultItem[]> {
    const { queryPath, intoPath, statementPath } = this.#parts;
    if (statement.kind !== 'select') return statementPath.run(statement, statementId, request);
    const { target } = statement;
    return target === undefined ? queryPath.select(statement, statementId, request) : intoPath.run({ ...statement, target }, statementId, request);
  }
}

interface Running {
  readonly end: QueryEnd;
  /** Of all statements together. */
  readonly turns: Turns;
}

async function parsedInTurns({ text, params }: QueryRequest, turns: Turns): Promise<ParseResult> {
  const parts = parsedInParts(text, params);
  for (;;) {
    const { done, value } = parts.next();
    const rest = turns.maybeRest(); // Also behind the last part: planning a long statement is work, too.
    if (rest !== undefined) await rest;
    if (done === true) return value;
  }
}

/** As InfluxDB says it of a query that was killed. */
const INTERRUPTED = 'query interrupted';
