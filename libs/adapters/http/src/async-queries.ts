import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { withoutUserInfo } from '@varve/model';
import type { Log, ResultItem } from '@varve/ports';

/** Queries whose clients do not wait: they go on by themselves, a bounded number at a time. */
export class AsyncQueries {
  readonly #log: Log;
  #runningCount = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Resolves when the query has begun; one that cannot shows it at once. @throws DbError QUERY_PARSE, QUERY_OVERLOADED */
  async begin(items: AsyncIterable<ResultItem>): Promise<void> {
    if (this.#runningCount >= LIMITS.asyncQueryCountMax) throw new DbError('QUERY_OVERLOADED', `${this.#runningCount} asynchronous queries are under way; retry`);
    const iterator = items[Symbol.asyncIterator]();
    const first = iterator.next();
    await Promise.race([first, new Promise((resolve) => setImmediate(resolve))]);
    this.#runningCount += 1;
    void this.#drain(first, iterator).finally(() => (this.#runningCount -= 1));
  }

  /** Nobody sees what such a query says: its failure is in the log, as InfluxDB's. */
  async #drain(first: Promise<IteratorResult<ResultItem>>, iterator: AsyncIterator<ResultItem>): Promise<void> {
    try {
      for (let next = await first; next.done !== true; next = await iterator.next()) {
        if (next.value.kind === 'error' || next.value.kind === 'partial') this.#onFailure(next.value.text);
      }
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#onFailure(error.message);
    }
  }

  /** An address that was refused is in the text, and its password may be in the address. */
  #onFailure(reason: string): void {
    this.#log.info('An asynchronous query failed', { reason: withoutUserInfo(reason) });
  }
}
