import type { Catalog, Database, RetentionPolicyChanges } from '@varve/model';
import { nameProblem } from './names.ts';
import { applied, rejected, withDatabase, withPolicy, without, type Command, type Outcome } from './outcome.ts';
import { isTooShort, policyConflict, policyProblem, settingsFrom, shardDurationFor } from './retention-policies.ts';
import { withoutPrivilegesOn } from './users.ts';

const DEFAULT_POLICY_NAME = 'autogen';

/** A database that is there is no error, unless its retention policy contradicts the wanted one. */
export function createDatabase(catalog: Catalog, command: Command<'createDatabase'>): Outcome {
  const { name, retentionPolicy: wanted } = command;
  const policyName = wanted?.name || DEFAULT_POLICY_NAME;
  const settings = settingsFrom(catalog, wanted ?? {});
  const problem = nameProblem(name) ?? nameProblem(policyName);
  if (problem !== undefined) return rejected(catalog, 'invalidName', problem);
  const existing = catalog.databases.get(name);
  const isCompared = existing !== undefined && !(wanted !== undefined && isWithoutPolicies(catalog, existing));
  const refusal = policyProblem(settings);
  // InfluxDB compares with the policy that is there before it looks whether a shard duration could be.
  if (refusal !== undefined && isCompared && !isTooShort(settings)) return policyConflict(catalog);
  if (refusal !== undefined) return rejected(catalog, refusal.reason, refusal.message);

  if (isCompared) {
    return wanted === undefined || isAsWanted(existing, policyName, wanted)
      ? applied(catalog, { id: existing.id })
      : policyConflict(catalog);
  }
  const id = existing?.id ?? catalog.nextId;
  const policyId = existing === undefined ? id + 1 : catalog.nextId;
  const database: Database = { retentionPolicies: new Map(), ...existing, id, name, defaultRetentionPolicy: policyName };
  const policy = { id: policyId, name: policyName, ...settings, shardGroups: [], measurements: new Map() };
  return applied({ ...withDatabase(catalog, withPolicy(database, policy)), nextId: policyId + 1 }, { id });
}

/** CREATE DATABASE … WITH gives such a database its first policy again, as InfluxDB does. 0.1.0 saw a conflict there (C33). */
function isWithoutPolicies({ featureLevel }: Catalog, { retentionPolicies }: Database): boolean {
  return retentionPolicies.size === 0 && featureLevel >= 2;
}

/** Everything in it is gone with it, the rights on it too; its shards' owners find out from the catalog. */
export function dropDatabase(catalog: Catalog, { name }: Command<'dropDatabase'>): Outcome {
  if (!catalog.databases.has(name)) return applied(catalog);
  return applied(withoutPrivilegesOn({ ...catalog, databases: without(catalog.databases, name) }, name));
}

/** What is not named in the wish is no contradiction, but for the shard duration: absent, it is the duration's usual one. */
function isAsWanted(database: Database, policyName: string, wanted: RetentionPolicyChanges): boolean {
  const policy = database.retentionPolicies.get(policyName);
  return (
    policy !== undefined &&
    database.defaultRetentionPolicy === policyName &&
    policy.shardDurationNs === shardDurationFor(wanted.shardDurationNs, policy.durationNs) &&
    (wanted.durationNs ?? policy.durationNs) === policy.durationNs &&
    (wanted.replicaCount ?? policy.replicaCount) === policy.replicaCount &&
    (wanted.writeLevel ?? policy.writeLevel) === policy.writeLevel &&
    (wanted.readLevel ?? policy.readLevel) === policy.readLevel &&
    (wanted.futureLimitNs ?? policy.futureLimitNs ?? 0n) === (policy.futureLimitNs ?? 0n) &&
    (wanted.pastLimitNs ?? policy.pastLimitNs ?? 0n) === (policy.pastLimitNs ?? 0n)
  );
}
