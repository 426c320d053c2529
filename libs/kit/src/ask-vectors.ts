import { DbError, type DurationMs } from '@varve/base';
import { decodeVectors, type MutationVector, type NodeId, type ShardId } from '@varve/model';
import type { Bus } from '@varve/ports';
import type { Subjects, WireMessage } from '@varve/wire';
import { request } from './request.ts';

/** What is asked for: shards, with the catalog that the other side must have worked off. */
export interface VectorQuestion {
  readonly shards: readonly ShardId[];
  readonly version: number;
  readonly timeoutMs: DurationMs;
}

/** What a data node has of these shards; those that it does not hold are missing. @throws DbError BUS_TIMEOUT, BUS_NO_RESPONDERS, META_UNAVAILABLE */
export async function askVectors(
  bus: Bus,
  subjects: Subjects,
  node: NodeId,
  { shards, version, timeoutMs }: VectorQuestion,
): Promise<ReadonlyMap<ShardId, MutationVector>> {
  const to = { subject: subjects.dataVectors(node), timeoutMs, answerKind: 'dataVectorsAre' } as const;
  return vectorsIn(await request(bus, to, { kind: 'dataVectors', header: { shards, version } }));
}

/**
 * What a repair node holds as hints, of one owner or of all; shards without a hint are missing.
 * @throws DbError BUS_TIMEOUT, BUS_NO_RESPONDERS, META_UNAVAILABLE
 */
export async function askHeld(
  bus: Bus,
  subjects: Subjects,
  node: NodeId,
  { owner, version, timeoutMs }: { readonly owner: NodeId | undefined; readonly version: number; readonly timeoutMs: DurationMs },
): Promise<ReadonlyMap<ShardId, MutationVector>> {
  const to = { subject: subjects.repairHeld(node), timeoutMs, answerKind: 'repairHeldAre' } as const;
  return vectorsIn(await request(bus, to, { kind: 'repairHeld', header: { owner, version } }));
}

function vectorsIn({ header, payload }: WireMessage<'dataVectorsAre' | 'repairHeldAre'>): ReadonlyMap<ShardId, MutationVector> {
  const vectors = decodeVectors(payload);
  if (vectors.length !== header.shards.length) {
    throw new DbError('MESSAGE_INVALID', `${vectors.length} vectors for ${header.shards.length} shards`);
  }
  return new Map(header.shards.map((shard, index) => [shard, vectors[index]!]));
}
