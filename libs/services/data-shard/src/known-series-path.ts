import { DbError } from '@varve/base';
import type { Answer } from '@varve/kit';
import type { ShardId } from '@varve/model';
import type { WireMessage } from '@varve/wire';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Says how many series this owner has of a shard, and which of those asked for it does not have. What is being journaled is waited for: a
 * series that another owner has acked is not new because this one is a moment behind.
 * @param caughtUpReplica the replica, once the node has worked off the catalog of the question
 * @throws DbError SHARD_NOT_HERE
 */
export async function answerKnownSeries(
  caughtUpReplica: (shard: ShardId, version: number) => Promise<ShardReplica | undefined>,
  { header: { shard, version, keys } }: WireMessage<'dataKnown'>,
): Promise<Answer<'dataKnownIs'>> {
  const replica = await caughtUpReplica(shard, version);
  if (replica === undefined) throw new DbError('SHARD_NOT_HERE', `shard ${shard} is not here`);
  await Promise.allSettled([...replica.journaling]);
  const { table } = replica;
  const unknown = keys.flatMap((key, index) => (table.hasSeries(key) ? [] : [index]));
  return { header: { seriesCount: table.seriesCount, unknown } };
}
