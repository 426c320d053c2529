import type { Catalog, FieldType } from '@varve/model';
import { applied, policyOf, rejected, withDatabase, withPolicy, type Command, type Outcome } from './outcome.ts';

/** The first type of a (measurement, field) stays: later ones are counted as conflicts and change nothing. Nothing is registered for a measurement that is being dropped. */
export function registerFields(catalog: Catalog, command: Command<'registerFields'>): Outcome {
  const found = policyOf(catalog, command);
  if ('result' in found) return found;
  const { database, policy } = found;
  const dropping = command.fields.find(({ measurement }) => policy.dropping?.has(measurement));
  if (dropping !== undefined) return rejected(catalog, 'measurementDropping', `measurement ${dropping.measurement} is being dropped`);

  const changed = new Map<string, Map<string, FieldType>>();
  let conflictCount = 0;
  for (const { measurement, field, type } of command.fields) {
    const types = changed.get(measurement) ?? policy.measurements.get(measurement);
    const known = types?.get(field);
    if (known !== undefined) {
      if (known !== type) conflictCount += 1;
      continue;
    }
    if (!changed.has(measurement)) changed.set(measurement, new Map(types));
    changed.get(measurement)!.set(field, type);
  }
  if (changed.size === 0) return applied(catalog, { conflictCount });
  const measurements = new Map([...policy.measurements, ...changed]);
  return applied(withDatabase(catalog, withPolicy(database, { ...policy, measurements })), { conflictCount });
}
