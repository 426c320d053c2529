import { expect, test } from 'vitest';
import { runShardPlan } from '../operators/run-shard-plan.ts';
import { planQuery } from '../plan/plan-query.ts';
import { decodeShardPlan, encodeShardPlan, type ShardPlan } from '../plan/shard-plan.ts';
import { parseOne, schemaOf, shardsOf, TEST_DATABASE, type Sharding } from '../testing/memory-engine.ts';
import { memorySource } from '../testing/memory-source.ts';
import { parseTestLines } from '../testing/test-lines.ts';
import { SelectBudget, type GroupSeries } from './select-budget.ts';
import type { SelectLimits } from './select-limits.ts';
import { decodeCounts } from './shard-counter.ts';

const SERIES_COUNT = 10;
/** Ten series, a hundred rows each, a nanosecond apart. */
const POINTS = parseTestLines(Array.from({ length: 1_000 }, (_row, index) => `m,h=${index % SERIES_COUNT} f=${index},s="${'x'.repeat(index % 50)}" ${index}`).join('\n'));
const ONE: Sharding = { windowNs: 10_000n, sliceCount: 1 };
const MANY: Sharding = { windowNs: 100n, sliceCount: 3 };

function shardPlanOf(query: string, limits: SelectLimits | undefined): ShardPlan {
  const statement = parseOne(query);
  if (typeof statement === 'string' || statement.kind !== 'select') throw new Error(`not a SELECT: ${query}`);
  const plan = planQuery(statement, { nowNs: 10_000n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(POINTS), limits: { selectBucketCountMax: 0, windowCountMax: 1_000_000 } });
  if ('kind' in plan) throw new Error(plan.text);
  const { shardPlan } = plan.sources[0]!;
  return decodeShardPlan(encodeShardPlan(limits === undefined ? shardPlan : { ...shardPlan, limits }));
}

/** Runs a query's part in every shard, one after the other, within its limits; the error's text, or undefined. */
async function problemOf(query: string, limits: SelectLimits, sharding: Sharding): Promise<string | undefined> {
  const budget = new SelectBudget(limits);
  const plan = shardPlanOf(query, budget.shardLimits);
  const groups = new Map<bigint, GroupSeries>();
  try {
    for (const { startNs, points } of shardsOf(POINTS, sharding)) {
      const group = groups.get(startNs) ?? { seriesCount: 0 };
      groups.set(startNs, group);
      const part = budget.open(group);
      for await (const frame of runShardPlan(plan, memorySource(startNs, points))) part.take(frame);
      part.close();
    }
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'QUERY_LIMIT' });
    return (error as Error).message;
  }
}

test.each([
  ['SELECT f FROM m', 1_000],
  ['SELECT mean(f), count(s) FROM m', 1_000],
  ['SELECT count(f) FROM m WHERE f >= 100 GROUP BY time(10ns)', 900],
  [`SELECT f FROM m WHERE h = '3'`, 100],
  ['SELECT max(f) FROM m WHERE time >= 0 AND time < 50 GROUP BY h', 50],
])('LM1: points are those that pass, whatever the shards: %s', async (query, pointCount) => {
  for (const sharding of [ONE, MANY]) {
    expect(await problemOf(query, { pointCountMax: pointCount }, sharding)).toBeUndefined();
    expect(await problemOf(query, { pointCountMax: pointCount - 1 }, sharding)).toMatch(new RegExp(`^max-select-point limit exceeded: \\(${pointCount}/${pointCount - 1}\\)$`));
  }
});

test('LM1: a shard ends its part by itself as soon as it alone is beyond a limit', async () => {
  const frames: Uint8Array[] = [];
  const run = async (): Promise<void> => {
    for await (const frame of runShardPlan(shardPlanOf('SELECT count(f) FROM m GROUP BY h', { pointCountMax: 250 }), memorySource(0n, POINTS))) frames.push(frame);
  };
  await expect(run()).rejects.toMatchObject({ code: 'QUERY_LIMIT', message: 'max-select-point limit exceeded: (300/250)' });
  expect(frames.every((frame) => decodeCounts(frame) !== undefined)).toBe(true); // no result was made
});

test('LM1: series are added up over the shards of a group, not over groups, as InfluxDB has it', async () => {
  const check = async (seriesCountMax: number, sharding: Sharding, expected: string | undefined): Promise<void> =>
    expect(await problemOf('SELECT f FROM m', { seriesCountMax }, sharding)).toBe(expected);

  await check(10, ONE, undefined);
  await check(9, ONE, 'max-select-series limit exceeded: (10/9)');
  await check(10, MANY, undefined);
  expect(await problemOf('SELECT f FROM m', { seriesCountMax: 9 }, MANY)).toBe('max-select-series limit exceeded: (10/9)');
  expect(await problemOf(`SELECT f FROM m WHERE h = '1' OR h = '2'`, { seriesCountMax: 2 }, MANY)).toBeUndefined();
});

test('LM1: a LIMIT that ends a scan early keeps to the limit of points', async () => {
  expect(await problemOf('SELECT f FROM m LIMIT 2000', { pointCountMax: 999 }, ONE)).toBe('max-select-point limit exceeded: (1000/999)');
  expect(await problemOf('SELECT f FROM m LIMIT 3', { pointCountMax: 3 }, ONE)).toBeUndefined();
  expect(await problemOf('SELECT f FROM m GROUP BY h LIMIT 1', { pointCountMax: SERIES_COUNT }, ONE)).toBeUndefined();
});

test('LM1: what must be kept takes up memory, what is summed up does not', async () => {
  const limits = { sizeBytesMax: 40_000 };
  expect(await problemOf('SELECT sum(f) FROM m', limits, ONE)).toBeUndefined();
  expect(await problemOf('SELECT percentile(f, 90) FROM m', limits, ONE)).toMatch(/^max-select-memory limit exceeded: \(\d+\/40000\)$/);
  expect(await problemOf('SELECT count(f) FROM m GROUP BY time(1ns)', limits, ONE)).toMatch(/^max-select-memory/);
  expect(await problemOf('SELECT s FROM m', limits, ONE)).toMatch(/^max-select-memory/);
  expect(await problemOf('SELECT percentile(f, 90) FROM m GROUP BY h', limits, ONE)).toBeUndefined(); // one group at a time
});

test('LM1: without limits nothing is counted, and frames are what they were', async () => {
  for await (const frame of runShardPlan(shardPlanOf('SELECT f FROM m', undefined), memorySource(0n, POINTS))) expect(decodeCounts(frame)).toBeUndefined();
});

const counts = (seriesCount: number, pointCount: number, heldSizeBytes: number): Uint8Array => Uint8Array.of(16, seriesCount, pointCount, heldSizeBytes);

test('LM1: another owner that begins again takes the place of the first', () => {
  const part = new SelectBudget({ pointCountMax: 10, seriesCountMax: 3, sizeBytesMax: 50 }).open({ seriesCount: 0 });
  expect(part.take(counts(3, 10, 50))).toBe(false);
  expect(part.take(counts(3, 2, 20))).toBe(false);
  expect(part.take(counts(3, 10, 50))).toBe(false);
  expect(() => part.take(counts(3, 11, 50))).toThrow('max-select-point limit exceeded: (11/10)');
});

test('LM1: memory is added up over the shards that work at a time, with what has come here', () => {
  const budget = new SelectBudget({ sizeBytesMax: 100 });
  const parts = [budget.open({ seriesCount: 0 }), budget.open({ seriesCount: 0 })] as const;
  parts[0].take(counts(1, 1, 60));
  expect(() => parts[1].take(counts(1, 1, 60))).toThrow('max-select-memory limit exceeded: (120/100)');
  parts[0].close();
  expect(parts[1].take(new Uint8Array(40).fill(1))).toBe(true);
  expect(() => parts[1].take(new Uint8Array(41).fill(1))).toThrow('max-select-memory limit exceeded: (101/100)');
});
