import { DbError } from '@varve/base';
import type { Asked, Turns } from '@varve/kit';
import type { ShardId } from '@varve/model';
import type { Clock, ShardStore, StreamEnd, Tracer } from '@varve/ports';
import { runShardPlan, type ShardPlan, type ShardSource } from '@varve/query';
import { WantedFields } from '@varve/storage';
import { attributes, spans } from '@varve/telemetry';
import { CachedChunks, type ChunkCache } from './chunk-cache.ts';
import { CountingSource } from './counting-source.ts';
import type { Damage } from './damage.ts';
import { lasting, readSeries } from './read-shard.ts';
import type { ShardReplica } from './shard-replica.ts';
import type { StatementTurns } from './statement-turns.ts';

/** The replica, once the node has caught up with this version of the catalog: a shard may be newer than what it knew. */
export type ReplicaOf = (shard: ShardId, version: number) => Promise<ShardReplica | undefined>;

/** What reads are answered from. */
export interface ReadFrom {
  readonly replicaOf: ReplicaOf;
  /** Looks whether this node may have missed frames just now: a process that was paused does not know it yet. */
  readonly checkJoining: () => void;
  readonly damage: Damage;
  readonly shardStore: ShardStore;
  readonly cache: ChunkCache;
  readonly clock: Clock;
  readonly turns: StatementTurns;
  readonly tracer: Tracer;
}

/**
 * Runs this shard's part of a query, piece by piece. Y2: who meets a damaged chunk is told which rows cannot be read.
 * @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, CHUNK_INVALID, QUERY_LIMIT
 */
export async function* produceQuery(from: ReadFrom, { header, payload: plan }: Asked<'dataQuery', ShardPlan>, signal: AbortSignal, end: StreamEnd = {}): AsyncGenerator<Uint8Array> {
  const { shard, traceParent, isCounted } = header;
  const span = from.tracer.startChild(spans.shardQuery, traceParent, { kind: 'server', attributes: { [attributes.shard]: shard } });
  let replica: ShardReplica | undefined;
  const turns = from.turns.of(plan);
  try {
    replica = await servingReplica(from, shard, header);
    const source = sourceOf(from, replica, turns);
    const counting = isCounted === true ? new CountingSource(source) : undefined;
    yield* runShardPlan(plan, counting ?? source, signal);
    if (counting !== undefined) end.trailer = JSON.stringify(counting.counts);
  } catch (error) {
    const told = replica === undefined ? error : from.damage.explained(replica, error);
    span.end(told);
    throw told;
  } finally {
    span.end();
  }
}

/** @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, META_UNAVAILABLE */
export async function heldReplica({ replicaOf, damage }: Pick<ReadFrom, 'replicaOf' | 'damage'>, shard: ShardId, version: number): Promise<ShardReplica> {
  const replica = await replicaOf(shard, version);
  if (replica === undefined) throw damage.refusalOf(shard) ?? new DbError('SHARD_NOT_HERE', `shard ${shard} is not here`);
  return replica;
}

/** X17: a joining replica is read only by who knows that it is. @throws DbError SHARD_NOT_HERE, SHARD_DAMAGED, SHARD_JOINING, META_UNAVAILABLE */
export async function servingReplica(
  from: ReadFrom,
  shard: ShardId,
  { version, mayJoin }: { readonly version: number; readonly mayJoin: boolean },
): Promise<ShardReplica> {
  from.checkJoining();
  const replica = await heldReplica(from, shard, version);
  if (replica.joiningSinceMs !== undefined && !mayJoin) throw new DbError('SHARD_JOINING', `shard ${shard} is catching up here; retry`);
  return replica;
}

function sourceOf({ shardStore, cache }: ReadFrom, replica: ShardReplica, turns: Turns): ShardSource {
  const from = { replica, shardStore, cache: new CachedChunks(cache, replica.shard) };
  return {
    startNs: replica.table.startNs,
    series: (measurement, filter) => replica.table.series(measurement, filter),
    timesOf: ({ seriesId }) => replica.table.timesOf(seriesId),
    reader: ({ range, fields, maySummarize, mayPass, isBrief }) => {
      const wanted = new WantedFields(fields);
      return ({ seriesId }) => {
        const read = { seriesId, range, fields: wanted, maySummarize, mayPass, isBrief };
        const rest = turns.maybeRest();
        return rest === undefined ? readSeries(from, read) : rest.then(() => readSeries(from, lasting(read)));
      };
    },
  };
}
