import { settingOf, type Catalog, type CatalogRejection, type ReadLevel, type RetentionPolicy, type RetentionPolicyChanges, type WriteLevel } from '@varve/model';
import { nameProblem } from './names.ts';
import {
  applied,
  databaseNotFound,
  rejected,
  retentionPolicyNotFound,
  withDatabase,
  withPolicy,
  without,
  type Command,
  type Outcome,
} from './outcome.ts';

const HOUR_NS = 3_600_000_000_000n;
const DAY_NS = 24n * HOUR_NS;
const INT64_MAX = 2n ** 63n - 1n;
const REPLICA_COUNT_MAX = 2 ** 31 - 1;

/** What CREATE and ALTER decide about a policy. */
export type PolicySettings = Pick<
  RetentionPolicy,
  'durationNs' | 'shardDurationNs' | 'replicaCount' | 'writeLevel' | 'readLevel' | 'futureLimitNs' | 'pastLimitNs'
>;

/** The same policy once more is no error; another one of that name is. */
export function createRetentionPolicy(catalog: Catalog, command: Command<'createRetentionPolicy'>): Outcome {
  const { options, isDefault } = command;
  const { name } = options;
  const problem = nameProblem(name);
  if (problem !== undefined) return rejected(catalog, 'invalidName', problem);
  const settings = settingsFrom(catalog, options);
  const refusal = policyProblem(settings);
  if (refusal !== undefined) return rejected(catalog, refusal.reason, refusal.message);
  const database = catalog.databases.get(command.database);
  if (database === undefined) return databaseNotFound(catalog, command.database);

  const existing = database.retentionPolicies.get(name);
  if (existing !== undefined) {
    if (!isSame(existing, settings))
      return rejected(catalog, 'retentionPolicyExists', 'retention policy already exists');
    if (isDefault && database.defaultRetentionPolicy !== name) return policyConflict(catalog);
    return applied(catalog, { id: existing.id });
  }
  const id = catalog.nextId;
  const policy: RetentionPolicy = { id, name, ...settings, shardGroups: [], measurements: new Map() };
  const changed = withPolicy(isDefault ? { ...database, defaultRetentionPolicy: name } : database, policy);
  return applied({ ...withDatabase(catalog, changed), nextId: id + 1 }, { id });
}

/** Shard groups that are there keep their windows and owners; new ones follow the changed policy. */
export function alterRetentionPolicy(catalog: Catalog, command: Command<'alterRetentionPolicy'>): Outcome {
  const { name, changes, isDefault } = command;
  const database = catalog.databases.get(command.database);
  if (database === undefined) return databaseNotFound(catalog, command.database);
  const policy = database.retentionPolicies.get(name);
  if (policy === undefined) return retentionPolicyNotFound(catalog, name);
  const settings = settingsFrom(catalog, {
    durationNs: changes.durationNs ?? policy.durationNs,
    shardDurationNs: changes.shardDurationNs ?? policy.shardDurationNs,
    replicaCount: changes.replicaCount ?? policy.replicaCount,
    writeLevel: changes.writeLevel ?? policy.writeLevel,
    readLevel: changes.readLevel ?? policy.readLevel,
    futureLimitNs: changes.futureLimitNs ?? policy.futureLimitNs,
    pastLimitNs: changes.pastLimitNs ?? policy.pastLimitNs,
  });
  const refusal = policyProblem(settings);
  if (refusal !== undefined) return rejected(catalog, refusal.reason, refusal.message);
  const becomesDefault = isDefault && database.defaultRetentionPolicy !== name;
  if (isSame(policy, settings) && !becomesDefault) return applied(catalog, { id: policy.id });
  const changed = withPolicy(becomesDefault ? { ...database, defaultRetentionPolicy: name } : database, {
    ...policy,
    ...settings,
  });
  return applied(withDatabase(catalog, changed), { id: policy.id });
}

/** What is not there is dropped already. The database's default keeps its name even when this was it. */
export function dropRetentionPolicy(catalog: Catalog, command: Command<'dropRetentionPolicy'>): Outcome {
  const database = catalog.databases.get(command.database);
  if (database === undefined || !database.retentionPolicies.has(command.name)) return applied(catalog);
  return applied(
    withDatabase(catalog, { ...database, retentionPolicies: without(database.retentionPolicies, command.name) }),
  );
}

/** Options with everything that was left open decided, by the cluster's settings where it has some. */
export function settingsFrom(catalog: Catalog, options: RetentionPolicyChanges): PolicySettings {
  const durationNs = options.durationNs ?? 0n;
  return {
    durationNs,
    shardDurationNs: shardDurationFor(options.shardDurationNs, durationNs),
    replicaCount: options.replicaCount ?? Number(settingOf(catalog, 'default-replica-count')),
    writeLevel: options.writeLevel ?? (settingOf(catalog, 'default-write-level') as WriteLevel),
    readLevel: options.readLevel ?? (settingOf(catalog, 'default-read-level') as ReadLevel),
    futureLimitNs: limitFrom(options.futureLimitNs),
    pastLimitNs: limitFrom(options.pastLimitNs),
  };
}

/** The wanted window, at least an hour; 0n or none: the usual one of a duration, as InfluxDB 1.x has it. */
export function shardDurationFor(wantedNs: bigint | undefined, durationNs: bigint): bigint {
  if (wantedNs !== undefined && wantedNs !== 0n) return 0n < wantedNs && wantedNs < HOUR_NS ? HOUR_NS : wantedNs;
  if (durationNs === 0n || durationNs >= 180n * DAY_NS) return 7n * DAY_NS;
  return durationNs >= 2n * DAY_NS ? DAY_NS : HOUR_NS;
}

/** Why settings cannot be; undefined when they can. */
export function policyProblem(
  settings: PolicySettings,
): { readonly reason: CatalogRejection; readonly message: string } | undefined {
  const { durationNs, shardDurationNs, replicaCount } = settings;
  if (isTooShort(settings)) {
    return { reason: 'invalidDuration', message: 'retention policy duration must be at least 1h0m0s' };
  }
  if (durationNs > INT64_MAX || shardDurationNs < HOUR_NS || shardDurationNs > INT64_MAX) {
    return { reason: 'invalidDuration', message: 'retention policy duration is out of range' };
  }
  if ([settings.futureLimitNs, settings.pastLimitNs].some((limitNs = 0n) => limitNs < 0n || limitNs > INT64_MAX)) {
    return { reason: 'invalidDuration', message: 'retention policy write limit is out of range' };
  }
  if (durationNs !== 0n && shardDurationNs > durationNs) {
    return { reason: 'invalidDuration', message: 'retention policy duration must be greater than the shard duration' };
  }
  if (!Number.isInteger(replicaCount) || replicaCount < 1 || replicaCount > REPLICA_COUNT_MAX) {
    return {
      reason: 'invalidReplicaCount',
      message: `replication factor must be in 1..${REPLICA_COUNT_MAX}, not ${replicaCount}`,
    };
  }
  return undefined;
}

/** InfluxDB keeps points for an hour at least. */
export function isTooShort({ durationNs }: PolicySettings): boolean {
  return durationNs !== 0n && durationNs < HOUR_NS;
}

export function policyConflict(catalog: Catalog): Outcome {
  return rejected(catalog, 'retentionPolicyConflict', 'retention policy conflicts with an existing policy');
}

function isSame(policy: RetentionPolicy, settings: PolicySettings): boolean {
  return (
    policy.durationNs === settings.durationNs &&
    policy.shardDurationNs === settings.shardDurationNs &&
    policy.replicaCount === settings.replicaCount &&
    policy.writeLevel === settings.writeLevel &&
    policy.readLevel === settings.readLevel &&
    policy.futureLimitNs === settings.futureLimitNs &&
    policy.pastLimitNs === settings.pastLimitNs
  );
}

function limitFrom(wantedNs: bigint | undefined): bigint | undefined {
  return wantedNs === 0n ? undefined : wantedNs;
}
