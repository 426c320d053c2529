import { DbError } from '@varve/base';
import type { Answer } from '@varve/kit';
import { compareVersions, decodeVectors, type MutationVector, type ShardId, type Version } from '@varve/model';
import { isCovered } from '@varve/reconcile';
import type { WireMessage } from '@varve/wire';
import type { ShardReplica } from './shard-replica.ts';

export interface WatermarkParts {
  readonly replicaOf: (shard: ShardId) => Promise<ShardReplica | undefined>;
  /** The watermark of a replica has moved. */
  readonly onRaised: (replica: ShardReplica) => void;
}

/**
 * Takes the watermarks that repair has found, each where this owner has what it rests on (S11): a replica that has lost frames
 * must not refuse them when they come back.
 */
export async function takeWatermarks({ replicaOf, onRaised }: WatermarkParts, { header, payload }: WireMessage<'dataWatermark'>): Promise<Answer<'dataWatermarkTaken'>> {
  const { shards, wallMs, counters } = header;
  const required = decodeVectors(payload);
  if ([wallMs, counters, required].some(({ length }) => length !== shards.length)) {
    throw new DbError('MESSAGE_INVALID', `${wallMs.length} watermarks and ${required.length} vectors for ${shards.length} shards`);
  }
  const taken = shards.map(async (shard, index) => {
    const replica = await replicaOf(shard);
    const watermark = { wallMs: wallMs[index]!, counter: counters[index]!, incarnation: 0 };
    if (replica === undefined || !(await isTaken(replica, watermark, required[index]!))) return [];
    onRaised(replica);
    return [shard];
  });
  return { header: { shards: (await Promise.all(taken)).flat() } };
}

/** S7: from the first line on nothing below it is journaled any more; what was before is waited for. */
async function isTaken(replica: ShardReplica, watermark: Version, required: MutationVector): Promise<boolean> {
  const { table } = replica;
  if (!isCovered(required, table.vector)) return false;
  if (compareVersions(watermark, table.watermark) <= 0) return false;
  table.refuseBelow(watermark);
  await Promise.allSettled([...replica.journaling]);
  table.raiseWatermark(watermark);
  return true;
}
