import { assert } from '@varve/base';
import { expect, test } from 'vitest';
import { AnsweredSoFar } from './merge/answered-so-far.ts';
import type { ShardPartials } from './merge/partial-stream.ts';
import { validateSelect } from './influxql/validate-select.ts';
import { runShardPlan } from './operators/run-shard-plan.ts';
import { planQuery } from './plan/plan-query.ts';
import { decodeShardPlan, encodeShardPlan, type ShardPlan } from './plan/shard-plan.ts';
import { executeQuery } from './subquery/execute-query.ts';
import { collect, parseOne, schemaOf, shardsOf, TEST_DATABASE, type Answer } from './testing/memory-engine.ts';
import { memorySource, type TestPoint } from './testing/memory-source.ts';
import { parseTestLines } from './testing/test-lines.ts';

// Methodology (Q4): enough rows for several frames, in two hash slices. An owner of the first slice fails behind each of its frames in turn, and another one is
// asked for the rest. The answer is that of owners who do not fail. Rows of one time lie in several series, so that frames end between them.
const ROW_COUNT = 36_000;
const SERIES = [',h=a,r=1', ',h=a,r=2', ',h=b,r=1', ',h=c', ''];
const lines = Array.from({ length: ROW_COUNT }, (_, at) => `${at % 7 === 0 ? 'k' : 'm'}${SERIES[at % SERIES.length]!} f=${(at * 7919) % 1000},s="text ${at % 50} of some length, which is ${'long '.repeat(6)}",i=${at % 13}i ${Math.floor(at / 3)}`);
const points = parseTestLines(lines.join('\n'));
const NOTHING_FITS = { leftSizeBytes: 0 };

interface Failing {
  /** Frames of the first slice before its owner fails. */
  readonly frameCount: number;
  readonly roomSizeBytes: number;
}

interface Told {
  readonly answer: Answer;
  /** How often another owner had to go on, and could not. */
  lostCount: number;
  goneOnCount: number;
}

async function answer(query: string, failing: Failing | undefined, of = points): Promise<Told> {
  const statement = parseOne(query);
  assert(typeof statement !== 'string' && statement.kind === 'select' && validateSelect(statement) === undefined, query);
  const plan = planQuery(statement, { nowNs: 10_000n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(of), limits: { selectBucketCountMax: 0, windowCountMax: 1_000_000 } });
  assert(!('kind' in plan), 'text' in plan ? plan.text : query);
  const told = { lostCount: 0, goneOnCount: 0 };
  const slices = shardsOf(of, { windowNs: 90n * 86_400_000_000_000n, sliceCount: 2 });
  const rows = await collect(
    executeQuery(plan, ({ shardPlan }) => slices.map(({ startNs, points: held }, index): ShardPartials => ({ startNs, partials: ownersOf(shardPlan, { startNs, held }, index === slices.length - 1 ? failing : undefined, told) })), { chunkRowCount: 1_000 }),
  );
  return { answer: rows, ...told };
}

async function* ownersOf(plan: ShardPlan, { startNs, held }: { readonly startNs: bigint; readonly held: readonly TestPoint[] }, failing: Failing | undefined, told: Omit<Told, 'answer'>): AsyncGenerator<Uint8Array> {
  const soFar = new AnsweredSoFar(plan, failing === undefined ? NOTHING_FITS : { leftSizeBytes: failing.roomSizeBytes });
  let frameCount = 0;
  let hasFailed = false;
  for await (const frame of runShardPlan(plan, memorySource(startNs, held))) {
    if (frameCount === failing?.frameCount) {
      hasFailed = true;
      break;
    }
    frameCount += 1;
    yield* soFar.add(frame);
  }
  if (!hasFailed) return;
  soFar.letGo();
  expect(soFar.waitingSizeBytes).toBe(0);
  const rest = soFar.rest();
  if (rest === undefined) {
    told.lostCount += 1;
    return;
  }
  told.goneOnCount += 1;
  yield* runShardPlan(decodeShardPlan(encodeShardPlan(rest)), memorySource(startNs, held));
}

const QUERIES = [
  ...['SELECT * FROM m', 'SELECT f, s FROM m ORDER BY time DESC', 'SELECT s FROM /./ GROUP BY h', 'SELECT s, i FROM /./ GROUP BY * ORDER BY time DESC', 'SELECT s FROM m WHERE i > 3 LIMIT 15000'],
  ...['SELECT s FROM m GROUP BY h ORDER BY time DESC LIMIT 3000 OFFSET 5', 'SELECT f FROM m, m'],
  ...['SELECT mean(f), max(i), count(s) FROM m WHERE time >= 0 AND time < 12u GROUP BY time(1ns)', 'SELECT sum(f), stddev(f), mean(f) FROM m WHERE time < 12u GROUP BY time(1ns), h ORDER BY time DESC'],
  ...['SELECT first(s), mean(f) FROM /./ WHERE time >= 0 AND time < 12u GROUP BY time(1ns)', 'SELECT last(s), f FROM m WHERE time < 12u GROUP BY time(2ns), h fill(none)', 'SELECT mode(s), count(f) FROM m WHERE time < 2u GROUP BY time(1ns, 7ns), * ORDER BY time DESC LIMIT 600'],
  ...['SELECT top(f, 3), s FROM m WHERE time >= 0 AND time < 12u GROUP BY time(5ns)', 'SELECT integral(f) FROM m WHERE time < 12u GROUP BY time(1ns), h, r'],
];

/** Of an answer behind which an owner fails. */
const FRAME_COUNT_MAX = 6;

test.each(QUERIES)('Q4: another owner goes on where one has failed: %s', async (query) => {
  const whole = await answer(query, undefined);
  expect(whole.answer.series).toBeDefined();
  let goneOnCount = 0;
  for (let frameCount = 0; frameCount < FRAME_COUNT_MAX; frameCount += 1) {
    const failed = await answer(query, { frameCount, roomSizeBytes: 0 });
    if (failed.goneOnCount + failed.lostCount === 0) break;
    expect(failed.lostCount, 'windows of a few values are never cut').toBe(0);
    expect(failed.answer, `behind frame ${frameCount}`).toEqual(whole.answer);
    goneOnCount += failed.goneOnCount;
  }
  expect(goneOnCount, 'there were several frames').toBeGreaterThan(1);
});

test('Q4: a window of several frames waits for its end, where there is room; where there was none, nobody goes on within it', async () => {
  const query = 'SELECT median(f), percentile(i, 90) FROM m GROUP BY h';
  const whole = await answer(query, undefined);
  let [goneOnCount, lostCount] = [0, 0];
  for (let frameCount = 1; frameCount < FRAME_COUNT_MAX; frameCount += 1) {
    const inRoom = await answer(query, { frameCount, roomSizeBytes: 2 ** 20 });
    expect(inRoom.answer, `behind frame ${frameCount}`).toEqual(whole.answer);
    expect(inRoom.lostCount).toBe(0);
    const without = await answer(query, { frameCount, roomSizeBytes: 0 });
    goneOnCount += inRoom.goneOnCount;
    lostCount += without.lostCount;
  }
  expect([goneOnCount > 1, lostCount > 1]).toEqual([true, true]);
});

test('Q4: where the name of a group fills a frame by itself, no window comes twice', async () => {
  const letters = ['a', 'b', 'c'];
  const of = parseTestLines(letters.flatMap((letter) => [0, 1, 2].map((time) => `m,t=${letter.repeat(65_531)} s="x" ${time}`)).join('\n'));
  const query = 'SELECT distinct(s) FROM m WHERE time >= 0 AND time < 3 GROUP BY time(1ns), t';
  const whole = await answer(query, undefined, of);
  for (let frameCount = 0; frameCount < FRAME_COUNT_MAX; frameCount += 1) {
    const failed = await answer(query, { frameCount, roomSizeBytes: 0 }, of);
    expect(failed.answer.series?.map(({ values }) => values), `behind frame ${frameCount}`).toEqual(whole.answer.series?.map(({ values }) => values));
  }
});

test('a state that is as large as a frame takes is sent, however full the frame before it is', async () => {
  const row = (time: number, f: number, length: number): string => `m f=${f},${Array.from({ length: 8 }, (_, at) => `s${at}="${'x'.repeat(length)}"`).join(',')} ${time}`;
  const of = parseTestLines([row(1, 5, 12_000), row(2, 9, 54_000)].join('\n'));
  const { answer: rows } = await answer('SELECT bottom(f, 2), s0, s1, s2, s3, s4, s5, s6, s7 FROM m', undefined, of);
  expect(rows.series![0]!.values).toHaveLength(2);
});
