import { expect, test } from 'vitest';
import type { FieldSummary, SeriesSlice, SeriesSummaries } from '@varve/model';
import { summaryColumns } from '@varve/model/testing';
import { mergePartials } from './merge/merge-partials.ts';
import type { ShardPartials } from './merge/partial-stream.ts';
import { PointChain } from './merge/point-chain.ts';
import { runShardPlan } from './operators/run-shard-plan.ts';
import type { ShardSource } from './operators/shard-source.ts';
import { planQuery } from './plan/plan-query.ts';
import type { QueryPlan } from './plan/query-plan.ts';
import { allArrived } from './testing/all-of.ts';
import { answerOf, parseOne, schemaOf, shardsOf, TEST_DATABASE } from './testing/memory-engine.ts';
import { memorySource, type TestPoint } from './testing/memory-source.ts';
import { comparable } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';

// What InfluxDB 1.6.7 answers is in testdata/transform-answers.json; here is what it cannot be asked, and where it is not followed.
const pointsOf = (count: number): TestPoint[] => parseTestLines(Array.from({ length: count }, (_row, index) => `m f=${(index * 7) % 11} ${index * 10}`).join('\n'));

function planOf(query: string, points: readonly TestPoint[]): QueryPlan | string {
  const statement = parseOne(query);
  if (typeof statement === 'string' || statement.kind !== 'select') throw new Error(`not a SELECT: ${query}`);
  const limits = { selectBucketCountMax: 0, windowCountMax: 1_000_000 };
  const plan = planQuery(statement, { nowNs: 10_000n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(points), limits });
  return 'kind' in plan ? plan.text : plan;
}

function mustPlan(query: string, points: readonly TestPoint[]): QueryPlan {
  const plan = planOf(query, points);
  if (typeof plan === 'string') throw new Error(plan);
  return plan;
}

async function valuesOf(query: string, points: readonly TestPoint[]): Promise<unknown> {
  return (comparable(await answerOf(query, points)) as { readonly series?: readonly { readonly values: unknown }[] }).series?.[0]?.values;
}

test('TF3: rows before the range are not shown, also where an average has a value for them', async () => {
  const points = pointsOf(6);

  expect(await valuesOf('SELECT exponential_moving_average(sum(f), 2, 0) FROM m WHERE time >= 20 AND time < 50 GROUP BY time(10ns)', points)).toEqual([
    // 7 comes before the range, then 3, 10 and 6.
    [20, expect.closeTo(13 / 3, 10)],
    [30, expect.closeTo(73 / 9, 10)],
    [40, expect.closeTo(181 / 27, 10)],
  ]);
});

test('TF3: without a lower bound a transformation of windows begins with the data', async () => {
  // InfluxDB answers nothing: its bound wraps around.
  expect(await valuesOf('SELECT difference(sum(f)) FROM m WHERE time < 30 GROUP BY time(10ns)', pointsOf(6))).toEqual([
    [10, 7],
    [20, -4],
  ]);
});

test('TF2: windows that nobody sees have no rows', async () => {
  const points = parseTestLines('m f=1 0\nm f=4 1600000000000000000');

  expect(await valuesOf('SELECT difference(max(f)) FROM m WHERE time >= 0 AND time < 1600000000000000010 GROUP BY time(1ns)', points)).toEqual([['1600000000000000000', 3]]);
  const { error } = await answerOf('SELECT difference(max(f)), max(f) FROM m WHERE time >= 0 AND time < 1600000000000000010 GROUP BY time(1ns)', points);
  expect(error).toMatch(/^more than 1000000 windows in one series: /);
});

test('TF3: a call with a range of its own takes summaries, but not across its bound', async () => {
  const points = pointsOf(40);
  const counter = { count: 0 };
  for (const order of ['', ' ORDER BY time DESC']) {
    for (let startNs = 95; startNs < 125; startNs += 3) {
      const query = `SELECT sum(f), count(f), difference(sum(f)), difference(difference(max(f))), moving_average(sum(f), 3) FROM m WHERE time >= ${startNs} AND time < ${startNs + 161} GROUP BY time(40ns)${order}`;
      const { sources, mergePlan } = mustPlan(query, points);
      const answer = async (source: ShardSource): Promise<unknown> => allArrived(mergePartials(mergePlan, [{ startNs: 0n, partials: runShardPlan(sources[0]!.shardPlan, source) }], 1000));

      expect(await answer(summarizing(memorySource(0n, points), counter)), query).toEqual(await answer(memorySource(0n, points)));
    }
  }
  expect(counter.count).toBeGreaterThan(20);
});

/** A source that hands out every four rows as a summary, wherever it may. */
function summarizing(source: ShardSource, counter: { count: number }): ShardSource {
  return {
    ...source,
    reader: ({ fields, maySummarize }) => async (series, range) => {
      const [whole] = (await source.reader({ fields })(series, range)) as Iterable<SeriesSlice>;
      const pieces: (SeriesSlice | SeriesSummaries)[] = [];
      let summed: SeriesSlice[] = [];
      for (let start = 0; start < whole!.offsetsNs.length; start += 4) {
        const piece = cut(whole!, start, Math.min(start + 4, whole!.offsetsNs.length));
        if (maySummarize?.(piece.offsetsNs[0]!, piece.offsetsNs.at(-1)!) === true) {
          counter.count += 1;
          summed.push(piece);
          continue;
        }
        if (summed.length > 0) pieces.push(summariesOf(summed));
        summed = [];
        pieces.push(piece);
      }
      if (summed.length > 0) pieces.push(summariesOf(summed));
      return maySummarize === undefined ? [whole!] : pieces;
    },
  };
}

function summariesOf(pieces: readonly SeriesSlice[]): SeriesSummaries {
  return {
    start: 0,
    end: pieces.length,
    minOffsetsNs: Float64Array.from(pieces, ({ offsetsNs }) => offsetsNs[0]!),
    maxOffsetsNs: Float64Array.from(pieces, ({ offsetsNs }) => offsetsNs.at(-1)!),
    rowCounts: pieces.map(({ offsetsNs }) => offsetsNs.length),
    fields: [{ name: 'f', type: 'float', summaries: summaryColumns(...pieces.map(summaryOf)) }],
  };
}

function cut({ offsetsNs, columns }: SeriesSlice, start: number, end: number): SeriesSlice {
  const values = (columns[0]!.column.values as Float64Array).slice(start, end);
  return { offsetsNs: offsetsNs.slice(start, end), columns: [{ name: 'f', column: { type: 'float', values, validity: undefined } }] };
}

function summaryOf({ offsetsNs, columns }: SeriesSlice): FieldSummary {
  const values = [...(columns[0]!.column.values as Float64Array)];
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const since = (value: number): number => offsetsNs[values.indexOf(value)]! - offsetsNs[0]!;
  const sum = values.reduce((total, value) => total + value, 0);
  const numbers = { first: values[0]!, last: values.at(-1)!, min, max, minNs: since(min), maxNs: since(max), sum, sumRest: 0 };
  return { nullCount: 0, firstNs: 0, lastNs: 0, numbers };
}

test('QC7: LIMIT is not left to the shards below a transformation, and ends them when it is reached', async () => {
  const points = pointsOf(100);
  const plan = mustPlan('SELECT difference(f) FROM m LIMIT 12', points);
  const opened: bigint[] = [];
  const shards = shardsOf(points, { windowNs: 100n, sliceCount: 1 }).map(({ startNs, points: own }): ShardPartials => ({
    startNs,
    partials: (async function* () {
      opened.push(startNs);
      yield* runShardPlan(plan.sources[0]!.shardPlan, memorySource(startNs, own));
    })(),
  }));
  const blocks = await allArrived(mergePartials(plan.mergePlan, shards, 100));

  expect(plan.sources[0]!.shardPlan.output).toEqual({ kind: 'rows', rowCountMax: undefined });
  expect(blocks.map(({ rowCount }) => rowCount)).toEqual([12]);
  expect(opened).toEqual([0n, 100n]);
});

test('QC4: what a transformation would have to remember has a limit', async () => {
  const check = (fields: string, expected: string): void => expect(planOf(`SELECT ${fields} FROM m WHERE time >= 0 AND time < 9 GROUP BY time(1ns)`, pointsOf(2)), fields).toBe(expected);

  check('moving_average(max(f), 1000001)', 'moving_average over more than 1000000 points is not supported');
  check('kaufmans_efficiency_ratio(max(f), 1000001)', 'kaufmans_efficiency_ratio over more than 1000000 points is not supported');
  check('chande_momentum_oscillator(max(f), 9223372036854775807)', 'chande_momentum_oscillator over more than 1000000 points is not supported');
  check('holt_winters(max(f), 50001, 4)', 'holt_winters of more than 50000 points is not supported');
  check('holt_winters_with_fit(max(f), 5, 1001)', 'holt_winters with a season of more than 1000 points is not supported');
  const farApart = parseTestLines('m f=1 0\nm f=2 50000\nm f=3 100');
  await expect(answerOf('SELECT holt_winters(max(f), 1, 0) FROM m WHERE time >= 0 AND time < 60000 GROUP BY time(1ns)', farApart)).rejects.toMatchObject({ code: 'QUERY_LIMIT' });
});

function summing(): PointChain {
  return new PointChain(
    { input: 0, steps: [{ kind: 'transformation', function: 'cumulative_sum', type: 'float', args: [] }], type: 'float' },
    { limits: { limit: undefined, offset: 0, seriesLimit: undefined, seriesOffset: 0 }, timeNs: 0n, everyNs: undefined, isDescending: false, isShown: () => true },
  );
}

test('QC4: a series without end goes through, though its newest point always waits', () => {
  const chain = summing();
  chain.add({ ms: 0, subNs: 0, value: 1 });
  for (let ms = 1; ms < 1_100_000; ms += 1) {
    chain.add({ ms, subNs: 0, value: 1 });
    if (chain.head?.value !== ms) throw new Error(`${String(chain.head?.value)} at ${ms}`);
    chain.take();
  }
  expect(chain.head).toEqual({ ms: 1_099_999, subNs: 0, value: 1_100_000 });
});

test('QC4: points that wait for others have a limit', () => {
  const chain = summing();
  for (let ms = 0; ms < 1_000_000; ms += 1) chain.add({ ms, subNs: 0, value: 1 });

  expect(() => chain.add({ ms: 1_000_000, subNs: 0, value: 1 })).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT' }) as Error);
});

test('a long forecast lets others work, and ends when nobody wants it any more', async () => {
  const points = pointsOf(400);
  const { sources, mergePlan } = mustPlan('SELECT holt_winters(max(f), 3, 11) FROM m WHERE time >= 0 AND time < 4000 GROUP BY time(10ns)', points);
  const run = (pause: () => Promise<void>): Promise<unknown> =>
    allArrived(mergePartials(mergePlan, [{ startNs: 0n, partials: runShardPlan(sources[0]!.shardPlan, memorySource(0n, points)) }], 100, pause));
  let pauseCount = 0;

  await run(async () => {
    pauseCount += 1;
  });
  expect(pauseCount).toBeGreaterThan(10);
  await expect(run(() => Promise.reject(new Error('nobody wants it')))).rejects.toThrow('nobody wants it');
});
