import { decodeCatalog, encodeCatalog, type CatalogCommand } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog } from './testing/applied-log.ts';

const field = (type: 'float' | 'string', measurement = 'm', retentionPolicy = 'autogen'): CatalogCommand => ({ kind: 'registerFields', database: 'a', retentionPolicy, fields: [{ measurement, field: 'f', type }] });
const drop: CatalogCommand = { kind: 'dropMeasurement', database: 'a', measurement: 'm' };

function withMeasurements(): AppliedLog {
  const on = new AppliedLog();
  on.run({ kind: 'reportFeatureLevel', member: 'meta/1', level: 2 });
  on.run({ kind: 'raiseFeatureLevel', level: 2 });
  on.run({ kind: 'createDatabase', name: 'a' });
  on.run({ kind: 'createRetentionPolicy', database: 'a', options: { name: 'r', durationNs: 0n, replicaCount: 1 }, isDefault: false });
  for (const each of [field('float'), field('float', 'm', 'r'), field('float', 'other')]) on.run(each);
  return on;
}

const idOf = (on: AppliedLog): number | undefined => {
  const result = on.run(drop);
  return result.kind === 'applied' ? result.id : undefined;
};

test('C40: a drop takes the types out of all policies, and no others come before it is finished', () => {
  const on = withMeasurements();
  const id = idOf(on)!;
  const policies = (): unknown[] => [...on.catalog.databases.get('a')!.retentionPolicies.values()].map(({ measurements, dropping }) => [[...measurements.keys()], dropping && [...dropping]]);
  expect(policies()).toEqual([[['other'], [['m', id]]], [[], [['m', id]]]]);
  expect(on.why(field('string'))).toBe('measurementDropping');
  expect(on.why(field('float', 'other'))).toBe('ok');
  expect(decodeCatalog(encodeCatalog(on.catalog)).databases).toEqual(on.catalog.databases);
  on.run({ kind: 'finishMeasurementDrop', database: 'a', measurement: 'm', drop: id });
  expect(policies()).toEqual([[['other'], undefined], [[], undefined]]);
  expect(on.why(field('string'))).toBe('ok');
  expect(on.policy().measurements.get('m')).toEqual(new Map([['f', 'string']]));
});

test('C40, DL8: a drop that is begun again goes on under a new id, and the old one finishes nothing', () => {
  const on = withMeasurements();
  const [first, second] = [idOf(on)!, idOf(on)!];
  expect(second).toBeGreaterThan(first);
  on.run({ kind: 'finishMeasurementDrop', database: 'a', measurement: 'm', drop: first });
  expect(on.why(field('string'))).toBe('measurementDropping');
  on.run({ kind: 'finishMeasurementDrop', database: 'a', measurement: 'm', drop: second });
  expect(on.why(field('string'))).toBe('ok');
});

test('C40: dropping what is not there begins nothing', () => {
  const on = withMeasurements();
  const { version } = on.catalog;
  expect(on.run({ kind: 'dropMeasurement', database: 'a', measurement: '__proto__' })).toEqual({ kind: 'applied' });
  expect(on.run({ kind: 'finishMeasurementDrop', database: 'gone', measurement: 'm', drop: 1 })).toEqual({ kind: 'applied' });
  expect(on.say({ kind: 'dropMeasurement', database: 'gone', measurement: 'm' })).toBe('database not found: gone');
  expect(on.catalog.version).toBe(version);
});
