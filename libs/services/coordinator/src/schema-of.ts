import type { Catalog, RetentionPolicy } from '@varve/model';
import type { SchemaView } from '@varve/query';

/** Tag keys as they were collected: `policyId/measurement` → sorted keys. */
export type CollectedTagKeys = ReadonlyMap<string, readonly string[]>;

export function tagKeysKey(policy: RetentionPolicy, measurement: string): string {
  return `${policy.id}/${measurement}`;
}

/** The catalog, and tag keys collected from data nodes, as a query plan asks for them. */
export function schemaOf(catalog: Catalog, tagKeys: CollectedTagKeys | undefined): SchemaView {
  const policyOf = (database: string, name: string): RetentionPolicy | undefined =>
    catalog.databases.get(database)?.retentionPolicies.get(name);
  return {
    resolvePolicy(name, retentionPolicy) {
      const database = catalog.databases.get(name);
      if (database === undefined) return { kind: 'databaseNotFound' };
      const wanted = retentionPolicy ?? database.defaultRetentionPolicy;
      return database.retentionPolicies.has(wanted) ? { kind: 'found', retentionPolicy: wanted } : { kind: 'policyNotFound', retentionPolicy: wanted };
    },
    measurements: (database, policy) => [...(policyOf(database, policy)?.measurements.keys() ?? [])],
    fields: (database, policy, measurement) => policyOf(database, policy)?.measurements.get(measurement) ?? new Map(),
    tagKeys: (database, policyName, measurement) => {
      const policy = policyOf(database, policyName);
      return (policy === undefined ? undefined : tagKeys?.get(tagKeysKey(policy, measurement))) ?? [];
    },
  };
}
