import { LIMITS } from '@varve/config';
import {
  MAX_TIME_NS,
  MIN_TIME_NS,
  newShardGroupRange,
  settingOf,
  shardGroupIndexAt,
  sharedOwners,
  type Catalog,
  type NodeId,
  type RetentionPolicy,
  type ShardGroup,
} from '@varve/model';
import { knownLoads, loadsOf } from './loads.ts';
import {
  applied,
  everyPolicy,
  policyOf,
  rejected,
  withDatabase,
  withPolicies,
  withPolicy,
  type Command,
  type FoundPolicy,
  type Outcome,
} from './outcome.ts';
import { candidatesOf, placeShards, type Candidate } from './place-shards.ts';

const NS_PER_MS = 1_000_000n;

/** Makes a group for each time that none covers. A window that would overlap groups of another width is cut to fit. */
export function createShardGroups(catalog: Catalog, command: Command<'createShardGroups'>): Outcome {
  const found = policyOf(catalog, command);
  if ('result' in found) return found;
  const refusal = timesProblem(catalog, command.timesNs);
  if (refusal !== undefined) return refusal;
  const grown = new GrownCatalog(catalog);
  grown.add(found, command.timesNs);
  return applied(grown.finish());
}

/** The group after the one that is being written, for each policy whose current group ends soon. A policy that nobody writes to gets none. */
export function precreateShardGroups(catalog: Catalog, { aheadMs }: Command<'precreateShardGroups'>): Outcome {
  const isOff = settingOf(catalog, 'shard-precreation') === 'off';
  if (isOff || candidatesOf(catalog, new Map()).length === 0) return applied(catalog, { groupCount: 0 });
  const nowNs = nowNsOf(catalog);
  const grown = new GrownCatalog(catalog);
  for (const found of everyPolicy(catalog)) {
    const { shardGroups } = found.policy;
    const current = shardGroups[shardGroupIndexAt(shardGroups, nowNs)];
    if (current === undefined || current.range.endNs > nowNs + BigInt(aheadMs) * NS_PER_MS) continue;
    if (current.range.endNs <= MAX_TIME_NS) grown.add(found, [current.range.endNs]);
  }
  return applied(grown.finish(), { groupCount: grown.groupCount });
}

/** What is not there is dropped already. */
export function dropShardGroups(catalog: Catalog, command: Command<'dropShardGroups'>): Outcome {
  const found = policyOf(catalog, command);
  if ('result' in found) return applied(catalog);
  const { database, policy } = found;
  const dropped = new Set(command.groupIds);
  const shardGroups = policy.shardGroups.filter(({ id }) => !dropped.has(id));
  if (shardGroups.length === policy.shardGroups.length) return applied(catalog);
  return applied(withDatabase(catalog, withPolicy(database, { ...policy, shardGroups })));
}

/** Groups that are wholly past their policy's duration, by both clocks (C28). */
export function enforceRetention(catalog: Catalog, { nowMs }: Command<'enforceRetention'>): Outcome {
  if (settingOf(catalog, 'retention-enforcement') === 'off') return applied(catalog, { groupCount: 0 });
  const nowNs = toNs(Math.min(nowMs, catalog.clockMs));
  const changed: FoundPolicy[] = [];
  let groupCount = 0;
  for (const { database, policy } of everyPolicy(catalog)) {
    const { durationNs } = policy;
    if (durationNs === 0n) continue;
    const shardGroups = policy.shardGroups.filter((group) => endNsOf(group) > nowNs - durationNs);
    if (shardGroups.length === policy.shardGroups.length) continue;
    groupCount += policy.shardGroups.length - shardGroups.length;
    changed.push({ database, policy: { ...policy, shardGroups } });
  }
  return applied(changed.length === 0 ? catalog : withPolicies(catalog, changed), { groupCount });
}

/** Groups that are open at a time end there (C19). */
export function truncateShardGroups(catalog: Catalog, { atNs }: Command<'truncateShardGroups'>): Outcome {
  if (atNs <= nowNsOf(catalog) || atNs > MAX_TIME_NS)
    return rejected(catalog, 'invalidTime', `shard groups can be cut after now only, not at ${atNs}`);
  const changed: FoundPolicy[] = [];
  for (const { database, policy } of everyPolicy(catalog)) {
    const index = shardGroupIndexAt(policy.shardGroups, atNs);
    const group = policy.shardGroups[index];
    if (group === undefined || group.range.startNs === atNs) continue;
    const cut = { ...group, range: { ...group.range, endNs: atNs }, cutFromNs: endNsOf(group) };
    changed.push({ database, policy: { ...policy, shardGroups: policy.shardGroups.with(index, cut) } });
  }
  if (changed.length === 0) return applied(catalog, { groupCount: 0 });
  return applied(withPolicies(catalog, changed), { groupCount: changed.length });
}

/** Replaces the owners of a shard, if nobody else has since the asker looked (C15). */
export function setShardOwners(catalog: Catalog, command: Command<'setShardOwners'>): Outcome {
  const found = policyOf(catalog, command);
  if ('result' in found) return found;
  const { database, policy } = found;
  const groupIndex = policy.shardGroups.findIndex(({ shards }) => shards.some(({ id }) => id === command.shard));
  const group = policy.shardGroups[groupIndex];
  const shard = group?.shards.find(({ id }) => id === command.shard);
  if (group === undefined || shard === undefined)
    return rejected(catalog, 'shardNotFound', `shard not found: ${command.shard}`);
  if (shard.epoch !== command.epoch)
    return rejected(catalog, 'epochConflict', `shard ${shard.id} has epoch ${shard.epoch}, not ${command.epoch}`);
  const problem = ownersProblem(catalog, command.owners, shard.owners);
  if (problem !== undefined) return rejected(catalog, 'invalidOwners', problem);
  const isSame = shard.owners.length === command.owners.length && shard.owners.every((owner, index) => owner === command.owners[index]);
  if (isSame) return applied(catalog, { epoch: shard.epoch });
  const moved = { ...shard, owners: sharedOwners(command.owners), epoch: shard.epoch + 1 };
  const changed = { ...group, shards: group.shards.map((each) => (each === shard ? moved : each)) };
  const shardGroups = policy.shardGroups.with(groupIndex, changed);
  return applied(withDatabase(catalog, withPolicy(database, { ...policy, shardGroups })), { epoch: moved.epoch });
}

/** Adds groups to policies, each placed by what every node owns by then. */
class GrownCatalog {
  readonly #catalog: Catalog;
  readonly #changed: FoundPolicy[] = [];
  readonly #loads: Map<NodeId, number>;
  readonly #candidates: readonly Candidate[];
  #nextId: number;
  groupCount = 0;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
    this.#nextId = catalog.nextId;
    this.#loads = new Map(loadsOf(catalog));
    this.#candidates = candidatesOf(catalog, this.#loads);
  }

  /** Times that a group covers already make none. */
  add({ database, policy }: FoundPolicy, timesNs: readonly bigint[]): void {
    const shardGroups = [...policy.shardGroups];
    for (const timeNs of timesNs) {
      if (shardGroupIndexAt(shardGroups, timeNs) < 0) insert(shardGroups, this.#newGroup({ ...policy, shardGroups }, timeNs));
    }
    if (shardGroups.length > policy.shardGroups.length) this.#changed.push({ database, policy: { ...policy, shardGroups } });
  }

  finish(): Catalog {
    if (this.#changed.length === 0) return this.#catalog;
    const grown = { ...withPolicies(this.#catalog, this.#changed), nextId: this.#nextId };
    knownLoads(grown, this.#loads);
    return grown;
  }

  #newGroup(policy: RetentionPolicy, timeNs: bigint): ShardGroup {
    const { replicaCount } = policy;
    const id = this.#nextId;
    const candidates = this.#candidates.map((each) => ({ ...each, load: this.#loads.get(each.id) ?? 0 }));
    const shards = placeShards(candidates, { firstId: id + 1, replicaCount });
    for (const { owners } of shards) for (const owner of owners) this.#loads.set(owner, (this.#loads.get(owner) ?? 0) + 1);
    this.#nextId += 1 + shards.length;
    this.groupCount += 1;
    return { id, range: newShardGroupRange(policy, timeNs), replicaCount, shards };
  }
}

function timesProblem(catalog: Catalog, timesNs: readonly bigint[]): Outcome | undefined {
  // So many are more likely wrong times than meant ones.
  if (timesNs.length > LIMITS.newShardGroupCountMax) {
    return rejected(
      catalog,
      'tooManyGroups',
      `${timesNs.length} new shard groups in one request, at most ${LIMITS.newShardGroupCountMax} are allowed`,
    );
  }
  const outside = timesNs.find((timeNs) => timeNs < MIN_TIME_NS || timeNs > MAX_TIME_NS);
  if (outside !== undefined)
    return rejected(catalog, 'invalidTime', `time ${outside} is outside of what a point can have`);
  const nodes = [...catalog.nodes.values()].filter(({ role }) => role === 'data');
  if (nodes.length === 0) return rejected(catalog, 'noDataNodes', 'no data node has joined the cluster yet');
  if (nodes.every(({ isLeaving }) => isLeaving === true))
    return rejected(catalog, 'noDataNodes', 'every data node is leaving the cluster');
  return undefined;
}

/** A newcomer that is leaving would have to be moved at once; one that has the shard may keep it. */
function ownersProblem({ nodes }: Catalog, wanted: readonly NodeId[], present: readonly NodeId[]): string | undefined {
  if (wanted.length === 0) return 'a shard needs an owner';
  if (new Set(wanted).size < wanted.length) return `owners ${wanted.join(', ')}: one is named twice`;
  const stranger = wanted.find((owner) => nodes.get(owner)?.role !== 'data');
  if (stranger !== undefined) return `node ${stranger} is no data node`;
  const leaver = wanted.find((owner) => nodes.get(owner)?.isLeaving === true && !present.includes(owner));
  return leaver === undefined ? undefined : `node ${leaver} is leaving`;
}

/** Where its last point may be: points that were written ahead of a cut count. */
function endNsOf({ range, cutFromNs }: ShardGroup): bigint {
  return cutFromNs ?? range.endNs;
}

function nowNsOf({ clockMs }: Catalog): bigint {
  return toNs(clockMs);
}

function toNs(wallMs: number): bigint {
  return BigInt(Math.floor(wallMs)) * NS_PER_MS;
}

function insert(shardGroups: ShardGroup[], group: ShardGroup): void {
  const index = shardGroups.findIndex(({ range }) => range.startNs > group.range.startNs);
  shardGroups.splice(index < 0 ? shardGroups.length : index, 0, group);
}
