import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { openStream } from '@varve/kit';
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
import { schemaOf, tagKeysKey, type CollectedTagKeys } from './schema-of.ts';

/** With which catalog it is asked, and until when. */
export interface Asking {
  readonly version: number;
  readonly signal: AbortSignal;
}

/** Asks data nodes what series and tag keys there are: the catalog does not know them. */
export class SeriesCollector {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock };
  readonly #subjects: Subjects;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock }, subjects: Subjects) {
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

  /** Tag keys of every measurement the statement reads. @throws DbError QUERY_SHARD_UNAVAILABLE */
  async tagKeysFor(statement: SelectStatement, request: QueryRequest, catalog: Catalog): Promise<CollectedTagKeys> {
    const { database, retentionPolicy, signal } = request;
    const sources = selectMeasurements(statement, { database, retentionPolicy, schema: schemaOf(catalog, undefined) });
    const collected = new Map<string, Set<string>>();
    if ('kind' in sources) return new Map(); // The plan says why.
    for (const source of sources) {
      const policy = catalog.databases.get(source.database)!.retentionPolicies.get(source.retentionPolicy)!;
      const question: SeriesQuestion = { wants: 'tagKeys', measurements: [source.name], filter: { kind: 'all' } };
      const keys = new Set<string>();
      for await (const { name } of this.#ask(policy, { version: catalog.version, signal }, question)) keys.add(name);
      collected.set(tagKeysKey(policy, source.name), keys);
    }
    return new Map([...collected].map(([key, names]) => [key, [...names].sort()]));
  }

  async *#ask(policy: RetentionPolicy, { version, signal }: Asking, question: SeriesQuestion): AsyncGenerator<NamedSeries> {
    const payload = encodeSeriesQuestion(question);
    for (const [node, shards] of shardsByNode(policy)) {
      const to = { subject: this.#subjects.dataSeries(node), idleTimeoutMs: LIMITS.streamIdleTimeoutMs, signal };
      for await (const piece of openStream(this.#ports, to, { kind: 'dataSeries', header: { shards, version }, payload })) {
        yield* decodeSeriesPiece(piece);
      }
    }
  }
}

/** One owner per shard, the first of its list. */
function shardsByNode({ shardGroups }: RetentionPolicy): ReadonlyMap<NodeId, readonly ShardId[]> {
  const shardsOfNode = new Map<NodeId, ShardId[]>();
  for (const { id, owners } of shardGroups.flatMap(({ shards }) => shards)) {
    const [node] = owners;
    if (node === undefined) throw new DbError('QUERY_SHARD_UNAVAILABLE', `shard ${id} has no owner; retry`);
    const shards = shardsOfNode.get(node) ?? [];
    shards.push(id);
    shardsOfNode.set(node, shards);
  }
  return shardsOfNode;
}
