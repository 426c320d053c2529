import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request, type LivenessView } from '@varve/kit';
import type { Catalog, Database, Shard } from '@varve/model';
import type { Bus, QueryRequest } from '@varve/ports';
import type { Subjects } from '@varve/wire';
import { Collected, type SeriesCollector } from './collect-series.ts';
import { executingOwners } from './executing-owner.ts';

export interface SeriesCountsParts {
  readonly bus: Bus;
  readonly liveness: LivenessView;
  readonly subjects: Subjects;
  readonly collector: SeriesCollector;
}

/** Shards that are asked for at a time. */
const ASKED_COUNT_MAX = 16;

/** How many series and measurements there are, for SHOW STATS: what cannot be asked for is null. */
export class SeriesCounts {
  readonly #parts: SeriesCountsParts;

  constructor(parts: SeriesCountsParts) {
    this.#parts = parts;
  }

  /** Each series once, however many shards have it (SH5). */
  async ofDatabase(database: Database, catalog: Catalog, request: QueryRequest): Promise<number | null> {
    return (await this.#collected('sketch', database, catalog, request))?.sketch.estimate() ?? null;
  }

  /** Measurements that have a point: the catalog keeps those of which everything was deleted. */
  async ofMeasurements(database: Database, catalog: Catalog, request: QueryRequest): Promise<number | null> {
    return (await this.#collected('measurements', database, catalog, request))?.measurements.size ?? null;
  }

  async #collected(wants: 'sketch' | 'measurements', { retentionPolicies }: Database, { version }: Catalog, { signal, nodeId }: QueryRequest): Promise<Collected | null> {
    const collected = new Collected();
    for (const policy of retentionPolicies.values()) {
      const question = { wants, measurements: [...policy.measurements.keys()], filter: { kind: 'all' } } as const;
      const isKnown = await orNull(this.#parts.collector.collect([policy], { version, signal, nodeId }, question, collected).then(() => true));
      if (isKnown === null) return null;
    }
    return collected;
  }

  /** Of each shard, as one owner has it. */
  async ofShards(shards: readonly Shard[], { version }: Catalog): Promise<readonly (number | null)[]> {
    const counts: (number | null)[] = [];
    for (let first = 0; first < shards.length; first += ASKED_COUNT_MAX) {
      counts.push(...(await Promise.all(shards.slice(first, first + ASKED_COUNT_MAX).map((shard) => this.#ofShard(shard, version)))));
    }
    return counts;
  }

  async #ofShard(shard: Shard, version: number): Promise<number | null> {
    const { bus, liveness, subjects } = this.#parts;
    const [first] = executingOwners(shard, liveness, undefined);
    if (first === undefined) return null;
    const to = { subject: subjects.dataKnown(first.owner), timeoutMs: LIMITS.queriesAnswerTimeoutMs, answerKind: 'dataKnownIs' } as const;
    return orNull(request(bus, to, { kind: 'dataKnown', header: { shard: shard.id, version, keys: [] } }).then(({ header }) => header.seriesCount));
  }
}

async function orNull<Value>(promise: Promise<Value>): Promise<Value | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof DbError && error.code !== 'QUERY_INTERRUPTED') return null;
    throw error;
  }
}
