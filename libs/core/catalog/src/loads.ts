import type { Catalog, Database, NodeId, RetentionPolicy } from '@varve/model';

/** Node → how many shards it owns. */
export type Loads = ReadonlyMap<NodeId, number>;

// All of these are immutable, so what was counted once stays true: a command counts only what it has changed.
const countedCatalogs = new WeakMap<Catalog['databases'], Loads>();
const countedDatabases = new WeakMap<Database, Loads>();
const countedGroups = new WeakMap<RetentionPolicy['shardGroups'], Loads>();

/** How many shards of the whole catalog each node owns. */
export function loadsOf({ databases }: Catalog): Loads {
  const known = countedCatalogs.get(databases);
  if (known !== undefined) return known;
  const counted = sumOf([...databases.values()].map(loadsOfDatabase));
  countedCatalogs.set(databases, counted);
  return counted;
}

/** Who has just placed shards knows what comes out: it need not be counted. */
export function knownLoads({ databases }: Catalog, loads: Loads): void {
  countedCatalogs.set(databases, loads);
}

/** How many shards of a database each node owns. */
export function loadsOfDatabase(database: Database): Loads {
  const known = countedDatabases.get(database);
  if (known !== undefined) return known;
  const counted = sumOf([...database.retentionPolicies.values()].map(loadsOfPolicy));
  countedDatabases.set(database, counted);
  return counted;
}

/** How many shards of a policy each node owns. */
export function loadsOfPolicy({ shardGroups }: RetentionPolicy): Loads {
  const known = countedGroups.get(shardGroups);
  if (known !== undefined) return known;
  const counted = new Map<NodeId, number>();
  for (const { shards } of shardGroups) {
    for (const { owners } of shards) for (const owner of owners) counted.set(owner, (counted.get(owner) ?? 0) + 1);
  }
  countedGroups.set(shardGroups, counted);
  return counted;
}

function sumOf(parts: readonly Loads[]): Loads {
  const total = new Map<NodeId, number>();
  for (const part of parts) for (const [node, count] of part) total.set(node, (total.get(node) ?? 0) + count);
  return total;
}
