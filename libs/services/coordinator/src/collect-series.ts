import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { openStream, type LivenessView } from '@varve/kit';
import type { Catalog, NodeId, RetentionPolicy, SeriesKey, ShardId } from '@varve/model';
import type { Bus, Clock, QueryRequest } from '@varve/ports';
import {
  decodeSeriesPiece,
  encodeSeriesQuestion,
  selectMeasurements,
  type NamedSeries,
  type SelectStatement,
  type SeriesQuestion,
} from '@varve/query';
import type { Subjects } from '@varve/wire';
import { executingOwners, type Attempt } from './executing-owner.ts';
import { unavailable, type MissingShards } from './missing-shards.ts';
import { schemaOf, tagKeysKey, type CollectedTagKeys } from './schema-of.ts';

/** With which catalog it is asked, and until when. */
export interface Asking {
  readonly version: number;
  readonly signal: AbortSignal;
  /** This node alone. */
  readonly nodeId: NodeId | undefined;
  /** Where shards go that nobody answers for; absent: that fails the statement. */
  readonly missing?: MissingShards | undefined;
}

/** Asks data nodes what series and tag keys there are: the catalog does not know them. */
export class SeriesCollector {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock; readonly liveness: LivenessView };
  readonly #subjects: Subjects;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock; readonly liveness: LivenessView }, subjects: Subjects) {
    this.#ports = ports;
    this.#subjects = subjects;
  }

  /**
   * Keys of the series in all shards of the policies, as this version of the catalog has them; each once, in no order.
   * @throws DbError QUERY_SHARD_UNAVAILABLE, QUERY_LIMIT, QUERY_INTERRUPTED: never a silently short list
   */
  async seriesKeys(policies: readonly RetentionPolicy[], asking: Asking, question: SeriesQuestion): Promise<readonly SeriesKey[]> {
    const keys = new Set<SeriesKey>();
    for (const policy of policies) {
      for await (const { name } of this.#ask(policy, asking, question)) {
        keys.add(name);
        if (keys.size > LIMITS.collectedSeriesCountMax) {
          throw new DbError('QUERY_LIMIT', `more than ${LIMITS.collectedSeriesCountMax} series; narrow the statement with FROM or WHERE`);
        }
      }
    }
    return [...keys];
  }

  /** Which of these measurements have a series in any shard of the policies. @throws DbError as {@link seriesKeys} */
  async measurements(policies: readonly RetentionPolicy[], asking: Asking, measurements: readonly string[]): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const policy of policies) {
      const question: SeriesQuestion = { wants: 'measurements', measurements, filter: { kind: 'all' } };
      for await (const { measurement } of this.#ask(policy, asking, question)) found.add(measurement);
    }
    return [...found];
  }

  /** Tag keys of every measurement the statement reads, as far as its shards can be asked. @throws DbError QUERY_SHARD_UNAVAILABLE without `missing` */
  async tagKeysFor(statement: SelectStatement, request: QueryRequest, { catalog, missing }: { readonly catalog: Catalog; readonly missing: MissingShards | undefined }): Promise<CollectedTagKeys> {
    const { database, retentionPolicy, signal, nodeId } = request;
    const sources = selectMeasurements(statement, { database, retentionPolicy, schema: schemaOf(catalog, undefined) });
    const collected = new Map<string, Set<string>>();
    if ('kind' in sources) return new Map(); // The plan says why.
    for (const source of sources) {
      const policy = catalog.databases.get(source.database)!.retentionPolicies.get(source.retentionPolicy)!;
      const question: SeriesQuestion = { wants: 'tagKeys', measurements: [source.name], filter: { kind: 'all' } };
      const keys = new Set<string>();
      for await (const { name } of this.#ask(policy, { version: catalog.version, signal, nodeId, missing }, question)) keys.add(name);
      collected.set(tagKeysKey(policy, source.name), keys);
    }
    return new Map([...collected].map(([key, names]) => [key, [...names].sort()]));
  }

  async *#ask(policy: RetentionPolicy, asking: Asking, question: SeriesQuestion): AsyncGenerator<NamedSeries> {
    const payload = encodeSeriesQuestion(question);
    const shards = policy.shardGroups.flatMap((group) => group.shards);
    const { nodeId, missing } = asking;
    const onLost = ({ shard }: Owing, cause?: DbError): void => {
      const { owners } = shards.find(({ id }) => id === shard)!;
      const failure = unavailable(shard, owners, cause);
      if (missing === undefined) throw failure;
      missing.add(shard, failure);
    };
    const asked = shards.filter(({ owners }) => nodeId === undefined || owners.includes(nodeId));
    let owing = asked.map((shard): Owing => ({ shard: shard.id, attempts: executingOwners(shard, this.#ports.liveness, nodeId) }));
    for (const each of owing) if (each.attempts.length === 0) onLost(each);
    owing = owing.filter(({ attempts }) => attempts.length > 0);
    // Each round asks one owner for every shard that still owes its answer; series that come twice are the same series.
    while (owing.length > 0) {
      const failed = new Map<ShardId, DbError>();
      for (const [{ owner, mayJoin }, ids] of byAttempt(owing)) {
        try {
          const header = { shards: ids, version: asking.version, mayJoin };
          const to = { subject: this.#subjects.dataSeries(owner), idleTimeoutMs: LIMITS.streamIdleTimeoutMs, signal: asking.signal };
          for await (const piece of openStream(this.#ports, to, { kind: 'dataSeries', header, payload })) yield* decodeSeriesPiece(piece);
        } catch (error) {
          if (!(error instanceof DbError) || asking.signal.aborted || !error.traits.retryable) throw error;
          for (const id of ids) failed.set(id, error);
        }
      }
      const left = owing.filter(({ shard }) => failed.has(shard)).map(({ shard, attempts }) => ({ shard, attempts: attempts.slice(1) }));
      for (const each of left) if (each.attempts.length === 0) onLost(each, failed.get(each.shard));
      owing = left.filter(({ attempts }) => attempts.length > 0);
    }
  }
}

/** A shard whose series have not been told yet, and whom to ask. */
interface Owing {
  readonly shard: ShardId;
  readonly attempts: readonly Attempt[];
}

/** Shards whose next attempt is the same are asked for together. */
function byAttempt(owing: readonly Owing[]): readonly (readonly [Attempt, readonly ShardId[]])[] {
  const grouped = new Map<string, readonly [Attempt, ShardId[]]>();
  for (const { shard, attempts } of owing) {
    const attempt = attempts[0]!;
    const key = `${attempt.owner}/${attempt.mayJoin}`;
    const group = grouped.get(key) ?? ([attempt, []] as const);
    group[1].push(shard);
    grouped.set(key, group);
  }
  return [...grouped.values()];
}
