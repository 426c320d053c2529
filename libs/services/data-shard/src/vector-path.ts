import type { Answer } from '@varve/kit';
import { encodeVectors, type ShardId } from '@varve/model';
import type { WireMessage } from '@varve/wire';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Says what this owner has of some shards. X4: what is being journaled is waited for, so the answer claims what is durable
 * and nothing that may still come of frames that were checked before it.
 * @param caughtUpReplica the replica, once the node has worked off the catalog of the question
 */
export async function answerVectors(
  caughtUpReplica: (shard: ShardId, version: number) => Promise<ShardReplica | undefined>,
  { header: { shards, version } }: WireMessage<'dataVectors'>,
): Promise<Answer<'dataVectorsAre'>> {
  const asked = await Promise.all(shards.map((shard) => caughtUpReplica(shard, version)));
  const held = asked.filter((replica) => replica !== undefined);
  await Promise.all(held.map(({ journaling }) => Promise.allSettled([...journaling])));
  return { header: { shards: held.map(({ shard }) => shard) }, payload: encodeVectors(held.map(({ table }) => table.vector)) };
}
