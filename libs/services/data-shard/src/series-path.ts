import { Turns, type Asked } from '@varve/kit';
import { SHARD_WINDOW_NS_MAX, type TimeRange } from '@varve/model';
import { answerSeries, assertWanted, type SeriesQuestion, type SeriesSource } from '@varve/query';
import type { OffsetRange } from '@varve/storage';
import { CachedChunks } from './chunk-cache.ts';
import { LivingSeries } from './living-series.ts';
import { servingReplica, type ReadFrom } from './query-path.ts';
import { hasRow } from './read-shard.ts';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Answers what names the asked shards have: keys of series, of tags, their values, or how many there are.
 * @throws DbError SHARD_NOT_HERE, SHARD_JOINING, SHARD_DAMAGED, CHUNK_INVALID
 */
export async function* produceSeries(from: ReadFrom, asked: Asked<'dataSeries', SeriesQuestion>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { shards } = asked.header;
  const turns = new Turns(from.clock);
  for (const shard of shards) {
    const replica = await servingReplica(from, shard, asked.header);
    const source = seriesSource(from, replica, async () => {
      await turns.maybeRest();
      assertWanted(signal);
    });
    try {
      yield* answerSeries(asked.payload, source);
    } catch (error) {
      throw from.damage.explained(replica, error);
    }
  }
}

/** SH2: a series is looked into where a time is asked for, and where a delete may have left nothing of it (D4). */
export function seriesSource({ shardStore, cache }: Pick<ReadFrom, 'shardStore' | 'cache'>, replica: ShardReplica, rest: () => Promise<void>): SeriesSource {
  const { table } = replica;
  const from = { replica, shardStore, cache: new CachedChunks(cache, replica.shard) };
  const living = new LivingSeries(from);
  return {
    series: (measurement, filter) => table.series(measurement, filter),
    tagKeys: (measurement) => table.tagKeys(measurement),
    tagValues: (measurement, tagKey) => table.tagValues(measurement, tagKey),
    hasAny: (measurement, filter) => table.hasAny(measurement, filter),
    hasDeletes: table.hadDeletes,
    hasPoint: async ({ seriesId }, range) => {
      await rest();
      if (range === undefined) return living.doesLive(seriesId);
      const offsets = offsetsOf(range, table.startNs);
      return offsets !== undefined && hasRow(from, seriesId, offsets);
    },
  };
}

/** Undefined: the shard has no part in it. */
function offsetsOf(range: TimeRange, startNs: bigint): OffsetRange | undefined {
  const [fromNs, toNs] = [range.startNs - startNs, range.endNs - startNs];
  if (toNs <= 0n || fromNs >= SHARD_WINDOW_NS_MAX || fromNs >= toNs) return undefined;
  return { startOffsetNs: fromNs > 0n ? Number(fromNs) : 0, endOffsetNs: Number(toNs < SHARD_WINDOW_NS_MAX ? toNs : SHARD_WINDOW_NS_MAX) };
}
