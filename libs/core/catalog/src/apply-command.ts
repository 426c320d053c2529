import { assert } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Catalog, CatalogCommand, CommandResult } from '@varve/model';
import { createDatabase, dropDatabase } from './databases.ts';
import { registerFields } from './fields.ts';
import { closeIncarnation, openIncarnation, renewIncarnation } from './incarnations.ts';
import { joinNode } from './nodes.ts';
import type { Outcome } from './outcome.ts';
import { alterRetentionPolicy, createRetentionPolicy, dropRetentionPolicy } from './retention-policies.ts';
import { createShardGroups, dropShardGroups } from './shard-groups.ts';

/** Where a command comes from: its place in the Raft log, and the id that all attempts of one request share. */
export interface CommandContext {
  readonly index: number;
  readonly requestId: string;
}

/**
 * The next catalog. Total: every command has a result, a rejection changes nothing that followers see. Deterministic: it
 * depends on the arguments only, so every replica of the log comes to the same value. Idempotent: a request that was
 * applied answers what it answered then.
 */
export function applyCatalogCommand(catalog: Catalog, command: CatalogCommand, context: CommandContext): Outcome {
  const { index, requestId } = context;
  assert(index > catalog.version, `command at log index ${index} after version ${catalog.version}`);
  const known = catalog.recentRequests.get(requestId);
  if (known !== undefined) return { catalog, result: known };

  const { catalog: changed, result } = outcomeOf(catalog, command);
  const isSeenByFollowers = changed !== catalog && command.kind !== 'renewIncarnation';
  const version = isSeenByFollowers ? index : catalog.version;
  return { catalog: { ...changed, version, recentRequests: withRequest(catalog, requestId, result) }, result };
}

function outcomeOf(catalog: Catalog, command: CatalogCommand): Outcome {
  switch (command.kind) {
    case 'joinNode':
      return joinNode(catalog, command);
    case 'createDatabase':
      return createDatabase(catalog, command);
    case 'dropDatabase':
      return dropDatabase(catalog, command);
    case 'createRetentionPolicy':
      return createRetentionPolicy(catalog, command);
    case 'alterRetentionPolicy':
      return alterRetentionPolicy(catalog, command);
    case 'dropRetentionPolicy':
      return dropRetentionPolicy(catalog, command);
    case 'createShardGroups':
      return createShardGroups(catalog, command);
    case 'dropShardGroups':
      return dropShardGroups(catalog, command);
    case 'registerFields':
      return registerFields(catalog, command);
    case 'openIncarnation':
      return openIncarnation(catalog, command);
    case 'renewIncarnation':
      return renewIncarnation(catalog, command);
    case 'closeIncarnation':
      return closeIncarnation(catalog, command);
  }
}

function withRequest(catalog: Catalog, requestId: string, result: CommandResult): ReadonlyMap<string, CommandResult> {
  const requests = new Map(catalog.recentRequests).set(requestId, result);
  for (const oldest of requests.keys()) {
    if (requests.size <= LIMITS.recentRequestCountMax) break;
    requests.delete(oldest);
  }
  return requests;
}
