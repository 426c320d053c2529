import { assert, type WallMs } from '@varve/base';
import { featureLevelOf, type Catalog, type CatalogCommand } from '@varve/model';
import { raiseFeatureLevel, reportFeatureLevel, setSetting } from './cluster-settings.ts';
import { createContinuousQuery, dropContinuousQuery } from './continuous-queries.ts';
import { createDatabase, dropDatabase } from './databases.ts';
import { dropShard } from './drop-shard.ts';
import { rememberingRequest } from './earlier-requests.ts';
import { registerFields } from './fields.ts';
import { closeIncarnation, openIncarnation, renewIncarnation } from './incarnations.ts';
import { acquireLease, releaseLease, renewLease } from './leases.ts';
import { dropMeasurement, finishMeasurementDrop } from './measurements.ts';
import { joinNode, labelNode, leaveNode, removeNode, replaceNode, withoutLeftNodes } from './nodes.ts';
import { rejected, type Outcome } from './outcome.ts';
import { alterRetentionPolicy, createRetentionPolicy, dropRetentionPolicy } from './retention-policies.ts';
import { createRole, dropRole, setRoleMember } from './roles.ts';
import { admit, openSession, remembering, type SessionSeq } from './sessions.ts';
import {
  createShardGroups,
  dropShardGroups,
  enforceRetention,
  precreateShardGroups,
  setShardOwners,
  truncateShardGroups,
} from './shard-groups.ts';
import { createSubscription, dropSubscription } from './subscriptions.ts';
import { createUser, dropUser, grantPrivilege, revokePrivilege, setAdmin, setPassword } from './users.ts';

/** Every command that runs in a session. */
type RunCommand = Exclude<CatalogCommand, { readonly kind: 'openSession' }>;

/** Everything but the command that applying it depends on: all of it stands in the log. */
export interface CommandContext {
  /** Its place in the Raft log. */
  readonly index: number;
  /** The leader's wall time when it took the proposal. */
  readonly atMs: WallMs;
  /** Which attempts are one command: a session's number, or the request id of a log of 0.1.0. */
  readonly origin: SessionSeq | { readonly requestId: string };
}

/** What applying a command came to. */
export interface Applied extends Outcome {
  /** The command had been applied before, and this is what it answered then. */
  readonly isRepeated: boolean;
}

/** A version has 48 bits for its wall time; a later one is no time. */
const CLOCK_MS_MAX = 2 ** 48 - 1;

/** Only the meta group and whoever sent them know of these: no follower acts on them. */
const UNSEEN: ReadonlySet<CatalogCommand['kind']> = new Set(['renewIncarnation', 'renewLease', 'openSession']);

/**
 * The next catalog. Total: every command has a result, a rejection changes nothing that followers see. Deterministic: it
 * depends on the arguments only, so every replica of the log comes to the same value. Exactly once: a command of a session
 * that was applied answers what it answered then.
 */
export function applyCatalogCommand(catalog: Catalog, command: CatalogCommand, context: CommandContext): Applied {
  const { index, origin } = context;
  assert(index > catalog.version, `command at log index ${index} after version ${catalog.version}`);
  const timed = withClock(catalog, context.atMs);
  if (command.kind === 'openSession') return { ...openSession(timed, command, index), isRepeated: false };
  if ('requestId' in origin) return applyRequest(timed, command, { index, requestId: origin.requestId });

  const admission = admit(timed, origin);
  if (admission.kind === 'repeated') return { catalog: timed, result: admission.result, isRepeated: true };
  if (admission.kind === 'refused') return { ...admission.outcome, isRepeated: false };
  const { catalog: changed, result } = versionedOutcome(timed, command, index);
  return { catalog: remembering(changed, origin, result), result, isRepeated: false };
}

function applyRequest(
  catalog: Catalog,
  command: RunCommand,
  { index, requestId }: { readonly index: number; readonly requestId: string },
): Applied {
  const known = catalog.earlierRequests.get(requestId);
  if (known !== undefined) return { catalog, result: known, isRepeated: true };
  const { catalog: changed, result } = versionedOutcome(catalog, command, index);
  return { catalog: rememberingRequest(changed, requestId, result), result, isRepeated: false };
}

function versionedOutcome(catalog: Catalog, command: RunCommand, index: number): Outcome {
  const level = featureLevelOf(command);
  if (level > catalog.featureLevel) {
    const text = `${command.kind} needs feature level ${level}, this cluster has level ${catalog.featureLevel}: raise it first`;
    return rejected(catalog, 'featureNotRaised', text);
  }
  const { catalog: changed, result } = outcomeOf(catalog, command);
  if (changed === catalog) return { catalog, result };
  const settled = withoutLeftNodes(changed);
  return { catalog: UNSEEN.has(command.kind) ? settled : { ...settled, version: index }, result };
}

function withClock(catalog: Catalog, atMs: WallMs): Catalog {
  return atMs > catalog.clockMs && atMs <= CLOCK_MS_MAX ? { ...catalog, clockMs: atMs } : catalog;
}

function outcomeOf(catalog: Catalog, command: RunCommand): Outcome {
  switch (command.kind) {
    case 'joinNode':
      return joinNode(catalog, command);
    case 'labelNode':
      return labelNode(catalog, command);
    case 'leaveNode':
      return leaveNode(catalog, command);
    case 'removeNode':
      return removeNode(catalog, command);
    case 'replaceNode':
      return replaceNode(catalog, command);
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
    case 'dropShard':
      return dropShard(catalog, command);
    case 'truncateShardGroups':
      return truncateShardGroups(catalog, command);
    case 'setShardOwners':
      return setShardOwners(catalog, command);
    case 'enforceRetention':
      return enforceRetention(catalog, command);
    case 'precreateShardGroups':
      return precreateShardGroups(catalog, command);
    case 'registerFields':
      return registerFields(catalog, command);
    case 'dropMeasurement':
      return dropMeasurement(catalog, command);
    case 'finishMeasurementDrop':
      return finishMeasurementDrop(catalog, command);
    case 'createContinuousQuery':
      return createContinuousQuery(catalog, command);
    case 'dropContinuousQuery':
      return dropContinuousQuery(catalog, command);
    case 'createSubscription':
      return createSubscription(catalog, command);
    case 'dropSubscription':
      return dropSubscription(catalog, command);
    case 'createUser':
      return createUser(catalog, command);
    case 'dropUser':
      return dropUser(catalog, command);
    case 'setPassword':
      return setPassword(catalog, command);
    case 'setAdmin':
      return setAdmin(catalog, command);
    case 'createRole':
      return createRole(catalog, command);
    case 'dropRole':
      return dropRole(catalog, command);
    case 'setRoleMember':
      return setRoleMember(catalog, command);
    case 'grantPrivilege':
      return grantPrivilege(catalog, command);
    case 'revokePrivilege':
      return revokePrivilege(catalog, command);
    case 'openIncarnation':
      return openIncarnation(catalog, command);
    case 'renewIncarnation':
      return renewIncarnation(catalog, command);
    case 'closeIncarnation':
      return closeIncarnation(catalog, command);
    case 'acquireLease':
      return acquireLease(catalog, command);
    case 'renewLease':
      return renewLease(catalog, command);
    case 'releaseLease':
      return releaseLease(catalog, command);
    case 'setSetting':
      return setSetting(catalog, command);
    case 'reportFeatureLevel':
      return reportFeatureLevel(catalog, command);
    case 'raiseFeatureLevel':
      return raiseFeatureLevel(catalog, command);
  }
}
