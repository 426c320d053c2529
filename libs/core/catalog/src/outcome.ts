import type { Catalog, CatalogCommand, CatalogRejection, CommandResult, Database, RetentionPolicy } from '@varve/model';

/** What a command comes to: the same catalog, by identity, when nothing changed. */
export interface Outcome {
  readonly catalog: Catalog;
  readonly result: CommandResult;
}

/** The command of one kind. */
export type Command<Kind extends CatalogCommand['kind']> = Extract<CatalogCommand, { readonly kind: Kind }>;

export function applied(
  catalog: Catalog,
  facts: Omit<Extract<CommandResult, { readonly kind: 'applied' }>, 'kind'> = {},
): Outcome {
  return { catalog, result: { kind: 'applied', ...facts } };
}

export function rejected(catalog: Catalog, reason: CatalogRejection, message: string): Outcome {
  return { catalog, result: { kind: 'rejected', reason, message } };
}

/** Before one more would be too many: nobody can look after so many, and all of them are in every copy of the catalog. */
export function limitReached(catalog: Catalog, message: string): Outcome {
  return rejected(catalog, 'limitReached', `${message}; drop one first`);
}

export function databaseNotFound(catalog: Catalog, name: string): Outcome {
  return rejected(catalog, 'databaseNotFound', `database not found: ${name}`);
}

export function retentionPolicyNotFound(catalog: Catalog, name: string): Outcome {
  return rejected(catalog, 'retentionPolicyNotFound', `retention policy not found: ${name}`);
}

/** A policy with the database it belongs to. */
export interface FoundPolicy {
  readonly database: Database;
  readonly policy: RetentionPolicy;
}

/** A policy by the names in a command; else why there is none. */
export function policyOf(
  catalog: Catalog,
  names: { readonly database: string; readonly retentionPolicy: string },
): FoundPolicy | Outcome {
  const database = catalog.databases.get(names.database);
  if (database === undefined) return databaseNotFound(catalog, names.database);
  const policy = database.retentionPolicies.get(names.retentionPolicy);
  return policy === undefined ? retentionPolicyNotFound(catalog, names.retentionPolicy) : { database, policy };
}

/** Every policy with its database, in order of creation. */
export function* everyPolicy({ databases }: Catalog): Generator<FoundPolicy> {
  for (const database of databases.values()) {
    for (const policy of database.retentionPolicies.values()) yield { database, policy };
  }
}

export function withDatabase(catalog: Catalog, database: Database): Catalog {
  return { ...catalog, databases: new Map(catalog.databases).set(database.name, database) };
}

export function withPolicy(database: Database, policy: RetentionPolicy): Database {
  return { ...database, retentionPolicies: new Map(database.retentionPolicies).set(policy.name, policy) };
}

/** Several policies changed at once: the Map of databases is copied once. */
export function withPolicies(catalog: Catalog, changed: readonly FoundPolicy[]): Catalog {
  const databases = new Map(catalog.databases);
  for (const { database, policy } of changed) {
    databases.set(database.name, withPolicy(databases.get(database.name)!, policy));
  }
  return { ...catalog, databases };
}

export function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
