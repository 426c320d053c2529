import type { Catalog, CatalogCommand, CatalogRejection, CommandResult, Database, RetentionPolicy } from '@varve/model';

/** What applying a command comes to: the same catalog, by identity, when nothing changed. */
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

export function databaseNotFound(catalog: Catalog, name: string): Outcome {
  return rejected(catalog, 'databaseNotFound', `database not found: ${name}`);
}

export function retentionPolicyNotFound(catalog: Catalog, name: string): Outcome {
  return rejected(catalog, 'retentionPolicyNotFound', `retention policy not found: ${name}`);
}

export function withDatabase(catalog: Catalog, database: Database): Catalog {
  return { ...catalog, databases: new Map(catalog.databases).set(database.name, database) };
}

export function withPolicy(database: Database, policy: RetentionPolicy): Database {
  return { ...database, retentionPolicies: new Map(database.retentionPolicies).set(policy.name, policy) };
}

export function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
