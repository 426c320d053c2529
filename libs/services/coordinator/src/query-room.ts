import type { RunningQuery } from './running-queries.ts';

export interface QueryRoomParts {
  /** Queries that take up room on the other coordinators now. */
  readonly elsewhereCount: () => Promise<number>;
  /** Of all coordinators together; 0 is no limit. */
  readonly concurrentQueryCountMax: number;
}

/** Whether there is room for one more query in the cluster: KQ4 and KQ5 of docs/specs/show.md. */
export class QueryRoom {
  readonly #parts: QueryRoomParts;

  constructor(parts: QueryRoomParts) {
    this.#parts = parts;
  }

  /**
   * Asked once, when a query has begun, so that others that begin meanwhile count it.
   * @returns in InfluxDB's words that there is no room for it, or undefined that there is; nothing to wait for where there is no limit
   */
  refusalOf({ earlierCount }: Pick<RunningQuery, 'earlierCount'>): Promise<string | undefined> | undefined {
    return this.#parts.concurrentQueryCountMax === 0 || earlierCount === undefined ? undefined : this.#refusal(earlierCount);
  }

  async #refusal(earlierCount: number): Promise<string | undefined> {
    const { elsewhereCount, concurrentQueryCountMax: countMax } = this.#parts;
    const runningCount = earlierCount < countMax ? earlierCount + (await elsewhereCount()) : earlierCount;
    return runningCount < countMax ? undefined : `max-concurrent-queries limit exceeded(${runningCount}, ${countMax})`;
  }
}
