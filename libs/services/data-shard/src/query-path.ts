import { DbError } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { Clock, ShardStore } from '@varve/ports';
import { decodeShardPlan, runShardPlan, type ShardSource } from '@varve/query';
import type { WireMessage } from '@varve/wire';
import type { PayloadCache } from './payload-cache.ts';
import { readSeries } from './read-shard.ts';
import type { ShardReplica } from './shard-replica.ts';
import { Turns } from './turns.ts';

/** What reads are answered from. */
export interface ReadFrom {
  /** The replica, once the node has caught up with this version of the catalog: a shard may be newer than what it knew. */
  readonly replicaOf: (shard: ShardId, version: number) => Promise<ShardReplica | undefined>;
  readonly shardStore: ShardStore;
  readonly cache: PayloadCache;
  readonly clock: Clock;
}

/** Runs this shard's part of a query, piece by piece. @throws DbError SHARD_NOT_HERE, STORAGE_CORRUPT, CHUNK_INVALID, QUERY_LIMIT */
export async function* produceQuery(from: ReadFrom, asked: WireMessage<'dataQuery'>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const replica = await heldReplica(from, asked.header.shard, asked.header.version);
  yield* runShardPlan(decodeShardPlan(asked.payload), sourceOf(from, replica), signal);
}

/** @throws DbError SHARD_NOT_HERE, META_UNAVAILABLE */
export async function heldReplica({ replicaOf }: ReadFrom, shard: ShardId, version: number): Promise<ShardReplica> {
  const replica = await replicaOf(shard, version);
  if (replica === undefined) throw new DbError('SHARD_NOT_HERE', `shard ${shard} is not here`);
  return replica;
}

function sourceOf({ shardStore, cache, clock }: ReadFrom, replica: ShardReplica): ShardSource {
  const turns = new Turns(clock);
  return {
    startNs: replica.table.startNs,
    series: (measurement, filter) => replica.table.series(measurement, filter),
    read: async (series, range, fields) => {
      await turns.maybeRest();
      return readSeries({ replica, shardStore, cache }, { series, range, fields });
    },
  };
}
