import { expect, test } from 'vitest';
import { mergePartials } from './merge/merge-partials.ts';
import type { ShardPartials } from './merge/partial-stream.ts';
import { runShardPlan } from './operators/run-shard-plan.ts';
import type { ShardSource } from './operators/shard-source.ts';
import { PARTIAL_FRAME_SIZE_BYTES_MAX } from './partial/frame-writer.ts';
import type { PlanLimits } from './plan/plan-context.ts';
import { planQuery } from './plan/plan-query.ts';
import type { QueryPlan } from './plan/query-plan.ts';
import { allArrived, allOf } from './testing/all-of.ts';
import { answerOf, parseOne, schemaOf, shardsOf, TEST_DATABASE, type Sharding } from './testing/memory-engine.ts';
import { memorySource, type TestPoint } from './testing/memory-source.ts';
import { parseTestLines } from './testing/test-lines.ts';

const NO_LIMITS: PlanLimits = { selectBucketCountMax: 0, windowCountMax: 1_000_000 };

function planOf(query: string, points: readonly TestPoint[], limits = NO_LIMITS): QueryPlan | { readonly kind: 'error'; readonly text: string } {
  const statement = parseOne(query);
  if (typeof statement === 'string' || statement.kind !== 'select') throw new Error(`not a SELECT: ${query}`);
  return planQuery(statement, { nowNs: 10_000n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(points), limits });
}

function queryPlan(query: string, points: readonly TestPoint[], limits = NO_LIMITS): QueryPlan {
  const plan = planOf(query, points, limits);
  if ('kind' in plan) throw new Error(plan.text);
  return plan;
}

async function framesOf(plan: QueryPlan, points: readonly TestPoint[]): Promise<Uint8Array[]> {
  return allOf(runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points)));
}

const seconds = (count: number): TestPoint[] => parseTestLines(Array.from({ length: count }, (_row, index) => `m,t=${index % 3} f=${index} ${index}`).join('\n'));

test.each(['SELECT * FROM m', 'SELECT distinct(s) FROM m', 'SELECT first(s), * FROM m GROUP BY time(1ns)'])('QC5: large texts do not make large frames: %s', async (query) => {
  const points = parseTestLines(Array.from({ length: 40 }, (_row, index) => `m s="${String(index).repeat(30_000)}" ${index}`).join('\n'));
  const frames = await framesOf(queryPlan(query.replace('FROM m', 'FROM m WHERE time >= 0 AND time < 100'), points), points);
  expect(frames.length).toBeGreaterThan(1);
  expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(PARTIAL_FRAME_SIZE_BYTES_MAX);
});

test.each(['x', '語'])('QC5: keys and tags of many series leave a frame its room for a large row (%s)', async (character) => {
  const keys = Array.from({ length: 400 }, (_series, index) => `m,t=${character.repeat(300)}${index}`);
  const points = parseTestLines(keys.flatMap((key, index) => [0, 1].map((time) => `${key} s="${index % 50 === 7 ? 'y'.repeat(380 * 1024) : 'z'}" ${time}`)).join('\n'));
  const frames = await framesOf(queryPlan('SELECT * FROM m WHERE time >= 0 AND time < 100', points), points);
  expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(PARTIAL_FRAME_SIZE_BYTES_MAX);
  expect(frames.length).toBeGreaterThan(16);
});

test('QC5: a row that cannot fit into a frame is an error, not a large frame', async () => {
  const points = parseTestLines(`m s="${'x'.repeat(PARTIAL_FRAME_SIZE_BYTES_MAX)}" 1`);
  await expect(framesOf(queryPlan('SELECT s FROM m', points), points)).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
});

const TOO_MANY_WINDOWS = 'more than 500 windows in one series: ask for a shorter time or longer windows, or with fill(none) for those that have values';

test('QC4: more windows than a data node may hold end in an error', async () => {
  const points = seconds(50);
  const plan = queryPlan('SELECT count(f) FROM m GROUP BY time(1ns) fill(none)', points, { ...NO_LIMITS, windowCountMax: 49 });
  await expect(framesOf(plan, points)).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
});

test('QC4: a fill that would never end is cut off with an error', async () => {
  const points = parseTestLines('m f=1 0\nm f=1 999');
  const plan = queryPlan('SELECT count(f) FROM m WHERE time < 1000 GROUP BY time(1ns)', points, { ...NO_LIMITS, windowCountMax: 500 });
  const shards = [{ startNs: 0n, partials: runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points)) }];
  const merged = allArrived(mergePartials(plan.mergePlan, shards, 10));
  await expect(merged).rejects.toMatchObject({ code: 'QUERY_LIMIT', message: TOO_MANY_WINDOWS });
});

test('QC4: where the range tells that windows are too many, nothing is asked, and no setting is blamed', () => {
  const check = (query: string, expected: string | undefined): void => {
    const plan = planOf(query, seconds(1), { ...NO_LIMITS, windowCountMax: 500 });
    expect('kind' in plan ? plan.text : undefined, query).toBe(expected);
  };

  const range = 'FROM m WHERE time >= 0 AND time < 501';
  check(`SELECT count(f) ${range} GROUP BY time(1ns)`, TOO_MANY_WINDOWS);
  check(`SELECT max(c) FROM (SELECT count(f) AS c ${range} GROUP BY time(1ns) fill(0))`, TOO_MANY_WINDOWS);
  check(`SELECT max(c) FROM (SELECT count(f) AS c ${range} GROUP BY time(1ns))`, undefined);
  check(`SELECT count(f) ${range} GROUP BY time(1ns) fill(0) LIMIT 400 OFFSET 101`, TOO_MANY_WINDOWS);
  check(`SELECT count(f) ${range} GROUP BY time(1ns) LIMIT 400 OFFSET 100`, undefined);
  check(`SELECT count(f) ${range} GROUP BY time(1ns) fill(none)`, undefined);
  check(`SELECT top(f, 1) ${range} GROUP BY time(1ns)`, undefined);
  check(`SELECT count(f) ${range} GROUP BY time(2ns)`, undefined);
  check(`SELECT count(nobody) ${range} GROUP BY time(1ns)`, undefined);
  check('SELECT count(f) FROM m WHERE time < 501 GROUP BY time(1ns)', undefined);
});

test('max-select-buckets refuses a query before it runs, in InfluxDB words', () => {
  const check = (query: string, expected: string | undefined): void => {
    const plan = planOf(query, seconds(1), { ...NO_LIMITS, selectBucketCountMax: 10 });
    expect('kind' in plan ? plan.text : undefined, query).toBe(expected);
  };

  check('SELECT count(f) FROM m WHERE time >= 0 AND time < 100 GROUP BY time(10ns)', undefined);
  check('SELECT count(f) FROM m WHERE time >= 0 AND time <= 100 GROUP BY time(10ns)', 'max-select-buckets limit exceeded: (11/10)');
  check('SELECT count(f) FROM m WHERE time >= 0 AND time <= 100', undefined);
});

test('LM2: with max-select-buckets a query without a lower bound is one of its last windows', async () => {
  const points = parseTestLines('m f=1 5\nm f=2 10\nm f=3 31\nm f=4 48');
  const rows = async (query: string, sharding: Sharding): Promise<unknown> =>
    (await answerOf(query, points, { selectBucketCountMax: 4, sharding })).series?.[0]?.values;
  for (const sharding of [{ windowNs: 100n, sliceCount: 1 }, { windowNs: 20n, sliceCount: 1 }]) {
    expect(await rows('SELECT sum(f) FROM m WHERE time < 40 GROUP BY time(10ns)', sharding)).toEqual([[0n, 1], [10n, 2], [20n, null], [30n, 3]]);
    // Windows from 20 on: there is nothing before 30, so that is where the rows begin.
    expect(await rows('SELECT sum(f) FROM m WHERE time < 60 GROUP BY time(10ns)', sharding)).toEqual([[30n, 3], [40n, 4], [50n, null]]);
    expect(await rows('SELECT sum(s) FROM (SELECT f AS s FROM m) WHERE time < 50 GROUP BY time(10ns) fill(none)', sharding)).toEqual([[10n, 2], [30n, 3], [40n, 4]]);
    expect(await rows('SELECT sum(f) FROM m WHERE time < 60', sharding), 'without windows there are no last ones').toEqual([[0n, 10]]);
    expect(await rows('SELECT difference(sum(f)) FROM m WHERE time < 50 GROUP BY time(10ns) fill(none)', sharding), 'one more to subtract from').toEqual([[10n, 1], [30n, 1], [40n, 1]]);
  }
});

test('QC7: a query that has its rows opens no further shard and closes those it opened', async () => {
  const points = seconds(100);
  const plan = queryPlan('SELECT f FROM m LIMIT 12', points);
  const opened: bigint[] = [];
  const closed: bigint[] = [];
  const shards = shardsOf(points, { windowNs: 10n, sliceCount: 1 }).map(({ startNs, points: own }): ShardPartials => ({
    startNs,
    partials: observed(startNs, runShardPlan(plan.sources[0]!.shardPlan, memorySource(startNs, own))),
  }));
  async function* observed(startNs: bigint, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    opened.push(startNs);
    try {
      yield* frames;
    } finally {
      closed.push(startNs);
    }
  }
  const blocks = await allArrived(mergePartials(plan.mergePlan, shards.reverse(), 100));
  expect(blocks.map(({ rowCount }) => rowCount)).toEqual([12]);
  expect({ opened, closed }).toEqual({ opened: [0n, 10n], closed: [0n, 10n] });
});

test.each(['', ' ORDER BY time DESC'])('C19: shards that may hold the same times are merged in order of time%s', async (order) => {
  const [cut, next, last] = ['m f=1 1\nm f=17 17', 'm f=15 15\nm f=18 18', 'm f=20 20'].map(parseTestLines);
  const points = [...cut!, ...next!, ...last!];
  const plan = queryPlan(`SELECT f FROM m${order}`, points);
  const partials = (startNs: bigint, own: readonly TestPoint[]) => runShardPlan(plan.sources[0]!.shardPlan, memorySource(startNs, own));
  const shards: ShardPartials[] = [
    { startNs: 20n, partials: partials(20n, last!) },
    { startNs: 15n, mergeFromNs: 0n, partials: partials(15n, next!) },
    { startNs: 0n, mergeFromNs: 0n, partials: partials(0n, cut!) },
  ];
  const blocks = await allArrived(mergePartials(plan.mergePlan, shards, 100));
  const values = blocks.flatMap(({ cells }) => [...cells[0]!]);
  expect(values).toEqual(order === '' ? [1, 15, 17, 18, 20] : [20, 18, 17, 15, 1]);
});

test('an aborted query stops at the next series', async () => {
  const points = seconds(9);
  const plan = queryPlan('SELECT f FROM m', points);
  const frames = runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points), AbortSignal.abort());
  await expect(frames.next()).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
});

test('frames of another kind are refused', async () => {
  const points = seconds(3);
  const frames = await framesOf(queryPlan('SELECT count(f) FROM m', points), points);
  const { mergePlan } = queryPlan('SELECT f FROM m', points);
  const shards = [{ startNs: 0n, partials: (async function* () { yield* frames; })() }];
  await expect(allArrived(mergePartials(mergePlan, shards, 10))).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
});

test.each(['f AS f#', 'mean(f) AS f#', 'derivative(f) AS f#'])('P7: thousands of columns come in small blocks: %s', async (field) => {
  const points = seconds(200);
  const fields = Array.from({ length: 3000 }, (_column, index) => field.replace('#', String(index))).join(',');
  const window = field.startsWith('mean') ? 'GROUP BY time(1ns)' : '';
  const plan = queryPlan(`SELECT ${fields} FROM m WHERE time >= 0 AND time < 200 ${window}`, points);
  const shards = [{ startNs: 0n, partials: runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points)) }];
  const blocks = await allArrived(mergePartials(plan.mergePlan, shards, 1024));
  expect(Math.max(...blocks.map(({ rowCount, cells }) => rowCount * cells.length))).toBeLessThanOrEqual(65_536);
  expect(blocks.reduce((count, { rowCount }) => count + rowCount, 0)).toBe(field.startsWith('derivative') ? 199 : 200);
});

test('P7: others have turns while values are gathered, and one that rejects ends it', async () => {
  const points = parseTestLines(Array.from({ length: 60_000 }, (_row, index) => `m f=${index} ${index}`).join('\n'));
  const plan = queryPlan('SELECT median(f) FROM m', points);
  const merge = (pause: () => Promise<void>): Promise<unknown[]> => {
    const shards = [{ startNs: 0n, partials: runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points)) }];
    return allArrived(mergePartials(plan.mergePlan, shards, 10, pause));
  };
  let pauseCount = 0;
  await merge(async () => {
    pauseCount += 1;
  });
  expect(pauseCount).toBeGreaterThan(2);
  await expect(merge(() => Promise.reject(new Error('left')))).rejects.toThrow('left');
});

test.each([
  ['distinct(f)', 25],
  ['mode(f)', 5],
  ['integral(f)', 6],
])('HV3: others have turns while a result of very many values is made: %s', async (call, turnCountMin) => {
  const points = parseTestLines(Array.from({ length: 60_000 }, (_row, index) => `m,h=${index % 2} f=${(index * 7_919) % 60_000} ${index}`).join('\n'));
  const plan = queryPlan(`SELECT ${call} FROM m`, points);
  const shards = [{ startNs: 0n, partials: runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points)) }];
  let pauseCount = 0;
  const blocks = await allArrived(mergePartials(plan.mergePlan, shards, 1024, async () => void (pauseCount += 1)));
  expect(pauseCount).toBeGreaterThanOrEqual(turnCountMin);
  expect(blocks.reduce((count, { rowCount }) => count + rowCount, 0)).toBe(call === 'distinct(f)' ? 60_000 : 1);
});

// Two series with a point at each end of 60,000 windows: 240,000 cells of filled ones.
test.each([
  ['count(f)', 'fill(0) SLIMIT 1 SOFFSET 1'],
  ['count(f)', 'fill(0) SLIMIT 1'],
  ['count(f)', 'fill(0) ORDER BY time DESC SLIMIT 1 SOFFSET 1'],
  ['count(f)', 'fill(previous) LIMIT 1 OFFSET 59999'],
  ['mean(f)', 'fill(linear)'],
  ['derivative(mean(f))', 'fill(0)'],
  ['count(f)', ''],
])('FP1: others have turns while windows are filled, and one that rejects ends it: %s %s', async (call, cut) => {
  const points = parseTestLines('m,h=a f=1 0\nm,h=b f=1 0\nm,h=a f=1 59999\nm,h=b f=1 59999');
  const plan = queryPlan(`SELECT ${call} FROM m WHERE time >= 0 AND time < 60000 GROUP BY time(1ns), h ${cut}`, points);
  const merge = async (pause: () => Promise<void>): Promise<number> => {
    let arrivalCount = 0;
    const shards = [{ startNs: 0n, partials: runShardPlan(plan.sources[0]!.shardPlan, memorySource(0n, points)) }];
    for await (const blocks of mergePartials(plan.mergePlan, shards, 1024, pause)) {
      Array.from(blocks);
      arrivalCount += 1;
    }
    return arrivalCount;
  };
  let pauseCount = 0;
  const arrivalCount = await merge(async () => {
    pauseCount += 1;
  });
  // Once more for the 120,000 cells of the series that was held.
  expect(pauseCount).toBe(cut.includes('DESC') ? 4 : 3);
  if (!call.startsWith('derivative')) expect(arrivalCount).toBeLessThan(10);
  await expect(merge(() => Promise.reject(new Error('left')))).rejects.toThrow('left');
});

test('of very many series most are only ordered when few rows are wanted, and others have turns while it is looked when they have rows', async () => {
  const plan = queryPlan('SELECT f FROM m LIMIT 2', parseTestLines('m,h=x f=1 0'));
  const keysAsked: number[] = [];
  let turnCount = 0;
  const seriesCount = 10_000;
  const all = Array.from({ length: seriesCount }, (_, seriesId) => ({
    seriesId,
    tags: [],
    get key() {
      keysAsked.push(seriesId);
      return `m,h=${seriesId}`;
    },
  }));
  const source: ShardSource = {
    startNs: 0n,
    series: () => all,
    timesOf: ({ seriesId }) => ({ minOffsetNs: seriesCount - seriesId, maxOffsetNs: seriesCount - seriesId }),
    maybeRest: async () => void (turnCount += 1),
    reader: () => ({ seriesId }) => [{ offsetsNs: Float64Array.of(seriesCount - seriesId), columns: [{ name: 'f', column: { type: 'float', values: Float64Array.of(seriesId), validity: undefined } }] }],
  };
  const [block] = await allArrived(mergePartials(plan.mergePlan, [{ startNs: 0n, partials: runShardPlan(plan.sources[0]!.shardPlan, source) }], 10));
  expect(block!.cells).toEqual([[9_999, 9_998]]);
  expect(new Set(keysAsked)).toEqual(new Set([9_998, 9_999]));
  expect(turnCount).toBe(2);
});
