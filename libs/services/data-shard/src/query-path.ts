import { DbError } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { ShardStore } from '@varve/ports';
import { decodeShardPlan, runShardPlan, type ShardSource } from '@varve/query';
import type { WireMessage } from '@varve/wire';
import type { PayloadCache } from './payload-cache.ts';
import { readSeries } from './read-shard.ts';
import type { ShardReplica } from './shard-replica.ts';

/** What reads are answered from. */
export interface ReadFrom {
  readonly replicaOf: (shard: ShardId) => ShardReplica | undefined;
  readonly shardStore: ShardStore;
  readonly cache: PayloadCache;
}

/** Runs this shard's part of a query, piece by piece. @throws DbError SHARD_NOT_HERE, STORAGE_CORRUPT, CHUNK_INVALID, QUERY_LIMIT */
export function produceQuery(from: ReadFrom, asked: WireMessage<'dataQuery'>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const replica = heldReplica(from, asked.header.shard);
  return runShardPlan(decodeShardPlan(asked.payload), sourceOf(from, replica), signal);
}

/** @throws DbError SHARD_NOT_HERE */
export function heldReplica({ replicaOf }: ReadFrom, shard: ShardId): ShardReplica {
  const replica = replicaOf(shard);
  if (replica === undefined) throw new DbError('SHARD_NOT_HERE', `shard ${shard} is not here; retry`);
  return replica;
}

function sourceOf({ shardStore, cache }: ReadFrom, replica: ShardReplica): ShardSource {
  return {
    startNs: replica.table.startNs,
    series: (measurement, filter) => replica.table.series(measurement, filter),
    read: (series, range, fields) => readSeries({ replica, shardStore, cache }, { series, range, fields }),
  };
}
