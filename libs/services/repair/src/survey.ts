import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { askHeld, askVectors, type LivenessView } from '@varve/kit';
import type { Catalog, MutationVector, NodeId, ShardId } from '@varve/model';
import type { PlacedShard } from '@varve/placement';
import type { Bus, Log } from '@varve/ports';
import type { Subjects } from '@varve/wire';

export interface SurveyPorts {
  readonly bus: Bus;
  readonly log: Log;
  readonly liveness: LivenessView;
  readonly subjects: Subjects;
}

/** What everybody who could be asked has of some shards, each answered with this catalog or a newer one. */
export interface Survey {
  readonly catalog: Catalog;
  readonly shards: readonly SurveyedShard[];
  /** What each repair node of the catalog holds as hints; undefined when one of them has not answered. */
  readonly held: readonly ReadonlyMap<ShardId, MutationVector>[] | undefined;
}

export interface SurveyedShard {
  readonly id: ShardId;
  readonly owners: readonly NodeId[];
  /** Of the owners that have answered. */
  readonly vectors: ReadonlyMap<NodeId, MutationVector>;
  /** Every owner has answered. */
  readonly isComplete: boolean;
}

/**
 * Asks all repair nodes, then the owners of these shards: a hint that is delivered in between is seen at its owner, one that was
 * delivered before too (S4, X11). Who does not answer is left out.
 */
export async function survey(ports: SurveyPorts, catalog: Catalog, placed: readonly PlacedShard[]): Promise<Survey> {
  const shardsOf = new Map<NodeId, ShardId[]>();
  for (const { shard } of placed) for (const owner of shard.owners) shardsOf.set(owner, [...(shardsOf.get(owner) ?? []), shard.id]);
  const repairNodes = [...catalog.nodes.values()].filter(({ role }) => role === 'repair').map(({ id }) => id);
  const asked = { version: catalog.version, timeoutMs: LIMITS.vectorTimeoutMs };
  const held = await Promise.all(repairNodes.map((node) => answerOf(ports, node, () => askHeld(ports.bus, ports.subjects, node, { ...asked, owner: undefined }))));
  const answers = await Promise.all([...shardsOf].map(async ([owner, shards]) => [owner, await answerOf(ports, owner, () => askVectors(ports.bus, ports.subjects, owner, { ...asked, shards }))] as const));
  const byOwner = new Map(answers);
  const known = held.filter((each) => each !== undefined);
  return {
    catalog,
    shards: placed.map(({ shard: { id, owners } }) => surveyed(id, owners, byOwner)),
    held: known.length === held.length ? known : undefined,
  };
}

function surveyed(id: ShardId, owners: readonly NodeId[], byOwner: ReadonlyMap<NodeId, ReadonlyMap<ShardId, MutationVector> | undefined>): SurveyedShard {
  const vectors = new Map<NodeId, MutationVector>();
  for (const owner of owners) {
    const vector = byOwner.get(owner)?.get(id);
    if (vector !== undefined) vectors.set(owner, vector);
  }
  return { id, owners, vectors, isComplete: vectors.size === owners.length };
}

async function answerOf<Value>({ liveness, log }: SurveyPorts, node: NodeId, ask: () => Promise<Value>): Promise<Value | undefined> {
  if (!liveness.isAlive(node)) return undefined;
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    log.debug('A node did not say what it has', { node, code: error.code, reason: error.message });
    return undefined;
  }
}
