import { FIRST_FEATURE_LEVEL, type Catalog, type ClusterNode, type NodeId, type RetentionPolicy, type Shard } from '@varve/model';
import { loadsOf, loadsOfDatabase, loadsOfPolicy } from './loads.ts';
import { nameProblem } from './names.ts';
import { applied, everyPolicy, rejected, withPolicies, without, type Command, type FoundPolicy, type Outcome } from './outcome.ts';

const LABEL_COUNT_MAX = 32;
const LABEL_LENGTH_MAX = 100;

/** A node that comes again gets the id it has, and says anew what it is. */
export function joinNode(catalog: Catalog, command: Command<'joinNode'>): Outcome {
  const { role, name, labels = new Map<string, string>(), featureLevel = FIRST_FEATURE_LEVEL } = command;
  const problem = nameProblem(name);
  if (problem !== undefined) return rejected(catalog, 'invalidName', problem);
  if (featureLevel < catalog.featureLevel) return featureLevelTooLow(catalog, `node "${name}"`, featureLevel);
  const known = [...catalog.nodes.values()].find((node) => node.role === role && node.name === name);
  const id = known?.id ?? catalog.nextId;
  const node = withLabels(withLevel(known ?? { id, role, name }, featureLevel), labels);
  const refusal = labelsProblem(node);
  if (refusal !== undefined) return rejected(catalog, 'invalidLabel', refusal);
  if (known !== undefined) return applied(isSame(known, node) ? catalog : withNode(catalog, node), { id });
  return applied({ ...withNode(catalog, node), nextId: id + 1 }, { id });
}

/** New groups follow the labels; shards that are there stay where they are. */
export function labelNode(catalog: Catalog, { node: id, labels }: Command<'labelNode'>): Outcome {
  const known = catalog.nodes.get(id);
  if (known === undefined) return nodeNotFound(catalog, id);
  const node = withLabels(known, labels);
  const refusal = labelsProblem(node);
  if (refusal !== undefined) return rejected(catalog, 'invalidLabel', refusal);
  return applied(isSame(known, node) ? catalog : withNode(catalog, node), { id });
}

/** A node that owns nothing is gone with this command; another one when its last shard is (`withoutLeftNodes`). */
export function leaveNode(catalog: Catalog, { node: id, isCancelled }: Command<'leaveNode'>): Outcome {
  const known = catalog.nodes.get(id);
  if (known === undefined) return nodeNotFound(catalog, id);
  const { isLeaving: wasLeaving, ...staying } = known;
  if (isCancelled === true) return applied(wasLeaving === true ? withNode(catalog, staying) : catalog, { id });
  if (wasLeaving === true) return applied(catalog, { id });
  const others = [...catalog.nodes.values()].filter((each) => each.id !== id && each.role === 'data' && each.isLeaving !== true);
  if (known.role === 'data' && others.length === 0)
    return rejected(catalog, 'noDataNodes', `node ${id} is the last data node that takes new shards`);
  return applied(withNode(catalog, { ...known, isLeaving: true }), { id });
}

/** Owners lose it at once (C17): what it alone had is not there any more. */
export function removeNode(catalog: Catalog, { node: id, isForced }: Command<'removeNode'>): Outcome {
  if (!catalog.nodes.has(id)) return nodeNotFound(catalog, id);
  const heirs = heirsOf(catalog, id);
  const orphan = [...everyPolicy(catalog)]
    .filter(({ policy }) => loadsOfPolicy(policy).has(id))
    .flatMap(({ policy }) => policy.shardGroups.flatMap(({ shards }) => shards))
    .find(({ owners }) => owners.length === 1 && owners[0] === id);
  if (orphan !== undefined && isForced !== true)
    return rejected(catalog, 'lastOwner', `node ${id} is the last owner of shard ${orphan.id}`);
  if (orphan !== undefined && heirs.size === 0)
    return rejected(catalog, 'noDataNodes', `no other data node can take the shards of node ${id}`);
  const changed = withOwners(catalog, id, ({ owners }) => {
    const rest = owners.filter((owner) => owner !== id);
    return rest.length > 0 ? rest : [nextHeir(heirs)];
  });
  return applied({ ...changed, nodes: without(changed.nodes, id) }, { id });
}

/** The newcomer owns what the old node owned, and the old node is gone. A shard that both had keeps one of them. */
export function replaceNode(catalog: Catalog, { node: id, newcomer }: Command<'replaceNode'>): Outcome {
  const old = catalog.nodes.get(id);
  const next = catalog.nodes.get(newcomer);
  if (old === undefined) return nodeNotFound(catalog, id);
  if (next === undefined) return nodeNotFound(catalog, newcomer);
  if (id === newcomer || old.role !== next.role)
    return rejected(catalog, 'invalidOwners', `node ${newcomer} (${next.role}) cannot replace node ${id} (${old.role})`);
  if (next.isLeaving === true) return rejected(catalog, 'nodeLeaving', `node ${newcomer} is leaving`);
  const changed = withOwners(catalog, id, ({ owners }) => [
    ...new Set(owners.map((owner) => (owner === id ? newcomer : owner))),
  ]);
  return applied({ ...changed, nodes: without(changed.nodes, id) }, { id: newcomer });
}

/** C16: leaving nodes that own nothing any more are gone. */
export function withoutLeftNodes(catalog: Catalog): Catalog {
  const leaving = [...catalog.nodes.values()].filter(({ isLeaving }) => isLeaving === true);
  if (leaving.length === 0) return catalog;
  const loads = loadsOf(catalog);
  const left = leaving.filter(({ id }) => !loads.has(id));
  return left.reduce((rest, { id }) => ({ ...rest, nodes: without(rest.nodes, id) }), catalog);
}

/** Why a member that supports so little cannot take part (C32). */
export function featureLevelTooLow(catalog: Catalog, member: string, level: number): Outcome {
  return rejected(
    catalog,
    'featureLevelTooLow',
    `${member} supports feature level ${level}, this cluster has level ${catalog.featureLevel}: it needs a newer version`,
  );
}

function nodeNotFound(catalog: Catalog, id: NodeId): Outcome {
  return rejected(catalog, 'nodeNotFound', `node not found: ${id}`);
}

/** Every shard of a node with other owners, and its epoch raised. */
function withOwners(catalog: Catalog, node: NodeId, ownersOf: (shard: Shard) => readonly NodeId[]): Catalog {
  const changed: FoundPolicy[] = [];
  for (const { database, policy } of everyPolicy(catalog)) {
    if (!loadsOfDatabase(database).has(node) || !loadsOfPolicy(policy).has(node)) continue;
    changed.push({ database, policy: { ...policy, shardGroups: groupsWithOwners(policy, node, ownersOf) } });
  }
  return changed.length === 0 ? catalog : withPolicies(catalog, changed);
}

function groupsWithOwners(
  { shardGroups }: RetentionPolicy,
  node: NodeId,
  ownersOf: (shard: Shard) => readonly NodeId[],
): RetentionPolicy['shardGroups'] {
  return shardGroups.map((group) => {
    if (!group.shards.some(({ owners }) => owners.includes(node))) return group;
    const shards = group.shards.map((shard) =>
      shard.owners.includes(node) ? { ...shard, owners: ownersOf(shard), epoch: shard.epoch + 1 } : shard,
    );
    return { ...group, shards };
  });
}

/** Who can take shards that lose their last owner: those that stay, or else those that leave too. Node → shards it owns. */
function heirsOf(catalog: Catalog, id: NodeId): Map<NodeId, number> {
  const others = [...catalog.nodes.values()].filter((each) => each.id !== id && each.role === 'data');
  const staying = others.filter(({ isLeaving }) => isLeaving !== true);
  const loads = loadsOf(catalog);
  return new Map((staying.length > 0 ? staying : others).map((each) => [each.id, loads.get(each.id) ?? 0]));
}

function nextHeir(heirs: Map<NodeId, number>): NodeId {
  const [heir, load] = [...heirs].reduce((least, each) =>
    each[1] - least[1] < 0 || (each[1] === least[1] && each[0] < least[0]) ? each : least,
  );
  heirs.set(heir, load + 1);
  return heir;
}

function withNode(catalog: Catalog, node: ClusterNode): Catalog {
  return { ...catalog, nodes: new Map(catalog.nodes).set(node.id, node) };
}

function withLevel(node: ClusterNode, level: number): ClusterNode {
  const { featureLevel: _, ...rest } = node;
  return level === FIRST_FEATURE_LEVEL ? rest : { ...rest, featureLevel: level };
}

function withLabels(node: ClusterNode, changes: ReadonlyMap<string, string>): ClusterNode {
  if (changes.size === 0) return node;
  const { labels: present = new Map<string, string>(), ...rest } = node;
  const labels = new Map([...present, ...changes].filter(([key]) => changes.get(key) !== ''));
  return labels.size === 0 ? rest : { ...rest, labels };
}

function labelsProblem({ labels = new Map<string, string>() }: ClusterNode): string | undefined {
  if (labels.size > LABEL_COUNT_MAX) return `a node has at most ${LABEL_COUNT_MAX} labels`;
  const isWrong = ([key, value]: [string, string]): boolean =>
    nameProblem(key) !== undefined || key.length > LABEL_LENGTH_MAX || value.length > LABEL_LENGTH_MAX;
  const wrong = [...labels].find(isWrong);
  return wrong === undefined ? undefined : `label "${wrong[0].slice(0, LABEL_LENGTH_MAX)}" is no label: names and values have up to ${LABEL_LENGTH_MAX} characters`;
}

function isSame(left: ClusterNode, right: ClusterNode): boolean {
  const textOf = ({ featureLevel, labels = new Map() }: ClusterNode): string => JSON.stringify([featureLevel, ...labels]);
  return left.isLeaving === right.isLeaving && textOf(left) === textOf(right);
}
