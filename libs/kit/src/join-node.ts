import { assert, DbError, type DurationMs } from '@varve/base';
import { FEATURE_LEVEL, type Catalog, type ClusterNode, type NodeId, type NodeRole } from '@varve/model';
import type { Clock, Log } from '@varve/ports';
import type { CatalogClient } from './catalog-client.ts';
import type { CatalogFollower } from './catalog-follower.ts';
import { pause } from './pause.ts';

/** What joining needs. */
export interface JoinParts {
  readonly client: CatalogClient;
  readonly follower: CatalogFollower;
  readonly clock: Clock;
  readonly log: Log;
}

const RETRY_INTERVAL_MS: DurationMs = 5_000;

/**
 * Makes this node known in the catalog; the same name always gets the same id. When the follower has begun alone, the id is the one of
 * the cached catalog, and the meta nodes hear of it when they answer.
 * @throws DbError CATALOG_REJECTED, META_UNAVAILABLE
 */
export async function joinNode(parts: JoinParts, as: { readonly role: NodeRole; readonly name: string }): Promise<NodeId> {
  const { follower } = parts;
  const known = follower.hasBegunAlone ? nodeOf(follower.catalog, as) : undefined;
  if (known === undefined) return propose(parts, as);
  void joinLater(parts, as, known.id);
  return known.id;
}

async function propose({ client, follower }: JoinParts, as: { readonly role: NodeRole; readonly name: string }): Promise<NodeId> {
  const { result, version } = await client.propose({ kind: 'joinNode', ...as, featureLevel: FEATURE_LEVEL });
  if (result.kind === 'rejected') throw new DbError('CATALOG_REJECTED', `node "${as.name}" cannot join: ${result.message}`);
  assert(result.id !== undefined, 'who has joined has an id');
  await follower.waitFor(version);
  return result.id;
}

/** A node that was removed meanwhile does not come back by itself: it would get another id than the one it runs under. */
async function joinLater(parts: JoinParts, as: { readonly role: NodeRole; readonly name: string }, id: NodeId): Promise<void> {
  const { follower, clock, log } = parts;
  for (; !follower.isStopped; await pause(clock, RETRY_INTERVAL_MS)) {
    try {
      const catalog = await follower.readLinearizable();
      if (!catalog.nodes.has(id)) return log.error('This node was removed from the catalog while it was away; stop it', { ...as, node: id });
      await propose(parts, as);
      return;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('The meta nodes do not know yet that this node is back; trying again', { code: error.code, reason: error.message });
    }
  }
}

function nodeOf({ nodes }: Catalog, { role, name }: { readonly role: NodeRole; readonly name: string }): ClusterNode | undefined {
  return [...nodes.values()].find((node) => node.role === role && node.name === name);
}
