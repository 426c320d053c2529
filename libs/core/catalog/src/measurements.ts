import type { Catalog, RetentionPolicy } from '@varve/model';
import { applied, databaseNotFound, withDatabase, without, type Command, type Outcome } from './outcome.ts';

/**
 * Begins the drop of a measurement in all policies of a database (C40): its fields' types are gone, and no new ones are registered before
 * the drop is finished. One that is under way goes on under a new id, and the old id finishes nothing any more. Without an id in the answer
 * there was nothing to drop.
 */
export function dropMeasurement(catalog: Catalog, { database: name, measurement }: Command<'dropMeasurement'>): Outcome {
  const database = catalog.databases.get(name);
  if (database === undefined) return databaseNotFound(catalog, name);
  const id = catalog.nextId;
  const policies = new Map(database.retentionPolicies);
  let isKnown = false;
  for (const policy of policies.values()) {
    if (!policy.measurements.has(measurement) && policy.dropping?.has(measurement) !== true) continue;
    isKnown = true;
    policies.set(policy.name, { ...policy, measurements: without(policy.measurements, measurement), dropping: new Map(policy.dropping).set(measurement, id) });
  }
  if (!isKnown) return applied(catalog);
  return applied({ ...withDatabase(catalog, { ...database, retentionPolicies: policies }), nextId: id + 1 }, { id });
}

/** Its cells are hidden for good: types may be registered anew. What is finished already, or goes on under another id, is no error. */
export function finishMeasurementDrop(catalog: Catalog, { database: name, measurement, drop }: Command<'finishMeasurementDrop'>): Outcome {
  const database = catalog.databases.get(name);
  if (database === undefined) return applied(catalog);
  const policies = new Map(database.retentionPolicies);
  let isKnown = false;
  for (const policy of policies.values()) {
    if (policy.dropping?.get(measurement) !== drop) continue;
    isKnown = true;
    policies.set(policy.name, finished(policy, measurement));
  }
  return applied(isKnown ? withDatabase(catalog, { ...database, retentionPolicies: policies }) : catalog);
}

function finished({ dropping, ...policy }: RetentionPolicy, measurement: string): RetentionPolicy {
  const rest = without(dropping!, measurement);
  return rest.size === 0 ? policy : { ...policy, dropping: rest };
}
