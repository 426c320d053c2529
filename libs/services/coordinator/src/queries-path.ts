import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request, type CatalogFollower } from '@varve/kit';
import type { Bus, Log, ResultItem } from '@varve/ports';
import { formatCoarseDuration, type KillQueryStatement } from '@varve/query';
import type { Subjects, WireMessage } from '@varve/wire';
import type { QueryFacts, RunningQueries } from './running-queries.ts';
import { decodeQueries } from './serve-queries.ts';

export interface QueriesPathParts {
  readonly bus: Bus;
  readonly log: Log;
  readonly follower: CatalogFollower;
  readonly subjects: Subjects;
  /** This coordinator's. */
  readonly nodeName: string;
  readonly queries: RunningQueries;
}

/** SHOW QUERIES and KILL QUERY, over all coordinators that hold an open incarnation. docs/specs/show.md. */
export class QueriesPath {
  readonly #parts: QueriesPathParts;

  constructor(parts: QueriesPathParts) {
    this.#parts = parts;
  }

  /** KQ2: who does not answer in time is named in a message. */
  async *show(statementId: number): AsyncGenerator<readonly ResultItem[]> {
    const { queries } = this.#parts;
    const asked = await Promise.all(this.#others().map((name) => this.#ask(name)));
    const missing = asked.flatMap(({ problem }) => problem ?? []);
    const all = [...queries.list(), ...asked.flatMap(({ found }) => found)].sort((left, right) => left.id - right.id);
    const cells = [
      all.map(({ id }) => id),
      all.map(({ text }) => text),
      all.map(({ database }) => database),
      all.map(({ elapsedMs }) => formatCoarseDuration(elapsedMs)),
      all.map(({ status }) => status),
    ];
    const columns = ['qid', 'query', 'database', 'duration', 'status'];
    const items: ResultItem[] = missing.map((text) => ({ kind: 'message', statementId, level: 'warning', text }));
    items.push({ kind: 'rows', statementId, whole: 'statement', name: '', tags: undefined, columns, times: undefined, cells, rowCount: all.length, isPartial: false });
    if (missing.length > 0) items.push({ kind: 'partial', statementId, text: `partial answer: ${missing.join('; ')}` });
    yield items;
  }

  /** Ends the query wherever it runs, or on the named host alone. @throws DbError QUERY_INVALID with InfluxDB's text when it runs nowhere */
  async kill({ queryId, host }: KillQueryStatement): Promise<void> {
    const { queries, nodeName } = this.#parts;
    const id = Number(queryId);
    if ((host === undefined || host === nodeName) && queries.kill(id)) return;
    const others = host === undefined ? this.#others() : [host].filter((name) => name !== nodeName);
    const answers = await Promise.all(others.map((name) => this.#kill(name, id)));
    if (answers.some(({ isKilled }) => isKilled)) return;
    const missing = answers.flatMap(({ problem }) => problem ?? []);
    throw new DbError('QUERY_INVALID', `no such query id: ${queryId}${missing.length === 0 ? '' : ` (${missing.join('; ')})`}`);
  }

  /** KQ5: who does not answer in time counts as nothing. */
  async elsewhereCount(): Promise<number> {
    const counts = await Promise.all(this.#others().map((name) => this.#countOf(name)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Each once: a coordinator has had several incarnations, perhaps. */
  #others(): readonly string[] {
    const open = [...this.#parts.follower.catalog.incarnations.values()].filter(({ isOpen }) => isOpen);
    return [...new Set(open.map(({ holder }) => holder))].filter((name) => name !== this.#parts.nodeName);
  }

  async #ask(name: string): Promise<{ readonly found: readonly QueryFacts[]; readonly problem?: string }> {
    try {
      const { header, payload } = await this.#queriesOf(name);
      const found = decodeQueries(payload);
      const restCount = header.queryCount - found.length;
      return restCount === 0 ? { found } : { found, problem: `coordinator ${name} runs ${restCount} more` };
    } catch (error) {
      return { found: [], problem: this.#unanswered(name, error) };
    }
  }

  async #countOf(name: string): Promise<number> {
    try {
      const { queryCount, roomCount } = (await this.#queriesOf(name, true)).header;
      return roomCount ?? queryCount;
    } catch (error) {
      this.#unanswered(name, error);
      return 0;
    }
  }

  #queriesOf(name: string, isCount?: true): Promise<WireMessage<'coordinatorQueriesAre'>> {
    const { bus, subjects } = this.#parts;
    const to = { subject: subjects.coordinatorQueries(name), timeoutMs: LIMITS.queriesAnswerTimeoutMs, answerKind: 'coordinatorQueriesAre' } as const;
    return request(bus, to, { kind: 'coordinatorQueries', header: { isCount } });
  }

  async #kill(name: string, query: number): Promise<{ readonly isKilled: boolean; readonly problem?: string }> {
    const { bus, subjects } = this.#parts;
    const to = { subject: subjects.coordinatorKill(name), timeoutMs: LIMITS.queriesAnswerTimeoutMs, answerKind: 'coordinatorKilled' } as const;
    try {
      return (await request(bus, to, { kind: 'coordinatorKill', header: { query } })).header;
    } catch (error) {
      return { isKilled: false, problem: this.#unanswered(name, error) };
    }
  }

  #unanswered(name: string, error: unknown): string {
    if (!(error instanceof DbError)) throw error;
    this.#parts.log.debug('A coordinator did not answer for its queries', { name, code: error.code, reason: error.message });
    return `coordinator ${name} did not answer`;
  }
}
