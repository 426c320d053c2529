import { expect, test } from 'vitest';
import { METRIC_CATALOGUE, metrics } from './metrics.ts';

test('T1: names are dotted nouns, each one once, without the unit', () => {
  const names = METRIC_CATALOGUE.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(\.[a-z]+)+$/);
  for (const name of names) expect(name).not.toMatch(/\b(seconds|bytes|total|count|ms)\b/);
});

test('T2: no label identifies a series, point, shard or request', () => {
  const labels = new Set(METRIC_CATALOGUE.flatMap((definition) => definition.labels));
  expect([...labels].toSorted()).toEqual(['code', 'event', 'part', 'peer', 'route', 'status']);
});

test('every key stands for the name of a definition', () => {
  expect(new Set(Object.values(metrics))).toEqual(new Set(METRIC_CATALOGUE.map(({ name }) => name)));
});
