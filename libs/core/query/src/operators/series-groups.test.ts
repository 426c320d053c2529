import type { TimestampNs } from '@varve/base';
import type { TagSet } from '@varve/model';
import { expect, test } from 'vitest';
import { ShardCounter } from '../limits/shard-counter.ts';
import type { ShardPlan } from '../plan/shard-plan.ts';
import { memorySource } from '../testing/memory-source.ts';
import { seriesGroups, type SeriesGroup } from './series-groups.ts';
import type { ShardSource, SourceSeries } from './shard-source.ts';

const ANY = { kind: 'all' } as const;
const PLAN: ShardPlan = {
  range: { startNs: 0n as TimestampNs, endNs: 1n as TimestampNs },
  isDescending: false,
  dimensions: [],
  measurements: [{ name: 'm', tagFilter: ANY, rowFilter: undefined, filterColumns: [], origins: [] }],
  columns: [],
  output: { kind: 'rows', rowCountMax: undefined },
};

function groupsBy(dimensions: readonly string[], tagSets: readonly TagSet[]): SeriesGroup[] {
  const series = tagSets.map((tags, seriesId): SourceSeries => ({ seriesId, key: `m,${seriesId}`, tags }));
  const source: ShardSource = { ...memorySource(0n as TimestampNs, []), series: () => series };
  return [...seriesGroups({ ...PLAN, dimensions }, source, new ShardCounter(undefined))];
}

const absent = (count: number): string[] => [...Array(count).keys()].map((id) => `h${id}`);
const hosts = (count: number): TagSet[] => [...Array(count).keys()].map((id) => [['host', `${id}`]]);

test.each([1, 2, 3, 31, 40, 300])('Q11: series are one group if they have the same values of %i tags, however many they lack', (count) => {
  const tagSets: TagSet[] = [
    [['a', '1'], ['b', '2']], [['a', '1'], ['b', '2'], ['z', '3']], [['a', '12']], [['b', '12']], [['a', '1:'], ['b', '2']], [['z', '1']], [],
    [['a', '1'], ['h0', 'x']], [['a', '1'], ['h1', 'x']], [['h0', 'x'], ['h1', '11']], [['h0', 'x1'], ['h1', '1']],
  ];
  const dimensions = ['a', 'b', ...absent(count)].slice(0, count);
  const expected = new Map<string, number>();
  for (const tags of tagSets) {
    const id = JSON.stringify(dimensions.map((key) => tags.find(([name]) => name === key)?.[1] ?? ''));
    expected.set(id, (expected.get(id) ?? 0) + 1);
  }

  const groups = groupsBy(dimensions, tagSets);
  expect(new Map(groups.map(({ key, series }) => [JSON.stringify(key.values), series.length]))).toEqual(expected);
  expect(groups.length).toBe(expected.size);
});

test('Q11: groups of very many tags are counted while they are made', () => {
  const text = 'at least 839 groups of 20001 tags in one measurement and shard are more than 16777216 values: group by fewer tags or narrow the condition';
  const startMs = performance.now();
  expect(() => groupsBy([...absent(20_000), 'host'], hosts(140_000))).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT', message: text }));
  expect(performance.now() - startMs).toBeLessThan(30_000); // 2.8 billion values take minutes.
});

test('Q11: very many series are one group in little time, whatever they are grouped by', () => {
  expect(groupsBy(absent(20_000), hosts(140_000)).map(({ series }) => series.length)).toEqual([140_000]);
});

test('Q11: a million series of ten tags have a group each', { timeout: 60_000 }, () => {
  const others = absent(9).map((key) => [key, 'same'] as const);
  const tagSets = hosts(1_000_000).map((tags): TagSet => [...others, ...tags]);
  expect(groupsBy(['host', ...absent(9)], tagSets).length).toBe(1_000_000);
});
