import { expect, test } from 'vitest';
import { planQuery } from '../plan/plan-query.ts';
import { parseOne, schemaOf, TEST_DATABASE } from '../testing/memory-engine.ts';
import { memorySource } from '../testing/memory-source.ts';
import { parseTestLines } from '../testing/test-lines.ts';
import { filterCost, rowCountAtOnce } from './filter-cost.ts';
import { runShardPlan } from './run-shard-plan.ts';
import type { ShardSource } from './shard-source.ts';
import { sliceParts } from './slice-parts.ts';

const POINTS = parseTestLines('m,h=a f=1,i=1i,s="x" 1');
const ROW_COUNT = 100_003;
const TERMS = Array.from({ length: 200 }, (_, index) => `(i <= ${index} AND f >= ${index})`).join(' OR ');

function planOf(query: string) {
  const statement = parseOne(query);
  if (typeof statement === 'string' || statement.kind !== 'select') throw new Error(`not a SELECT: ${query}`);
  const plan = planQuery(statement, { nowNs: 10n ** 9n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(POINTS), limits: { selectBucketCountMax: 0, windowCountMax: 1_000_000 } });
  if ('kind' in plan) throw new Error(plan.text);
  return plan.sources[0]!.shardPlan;
}

/** One series with very many rows, in one piece. */
function longSource(onTurn: () => void): ShardSource {
  const numbers = Float64Array.from({ length: ROW_COUNT }, (_, index) => index % 300);
  const slice = {
    offsetsNs: Float64Array.from({ length: ROW_COUNT }, (_, index) => index),
    columns: [{ name: 'f', column: { type: 'float' as const, values: numbers } }, { name: 'i', column: { type: 'integer' as const, values: numbers } }],
  };
  return { ...memorySource(0n, POINTS), maybeRest: async () => onTurn(), reader: () => () => [slice] };
}

async function turnsOf(query: string, signal?: AbortSignal): Promise<number> {
  let turnCount = 0;
  for await (const frame of runShardPlan(planOf(query), longSource(() => void (turnCount += 1)), signal)) expect(frame.length).toBeGreaterThan(0);
  return turnCount;
}

test.each([`SELECT count(f) FROM m WHERE ${TERMS}`, `SELECT f FROM m WHERE ${TERMS}`])('others have a turn while rows pass a long filter: %s', async (query) => {
  expect(await turnsOf(query)).toBeGreaterThan((ROW_COUNT * 600) / 262_144 / 2);
  await expect(turnsOf(query, AbortSignal.abort())).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
});

test('others have a turn while values are held', async () => {
  for (const call of ['mode(f)', 'percentile(f, 90)', 'count(distinct(i))']) expect(await turnsOf(`SELECT ${call} FROM m`)).toBe(4);
  expect(await turnsOf('SELECT sum(f) FROM m WHERE f > 1 AND i < 10')).toBe(0);
});

test('HV3: others have a turn while very many windows of several series are put into order', async () => {
  const turnsWith = (series: number): Promise<number> => {
    let turnCount = 0;
    const points = parseTestLines(Array.from({ length: series }, (_, index) => `m,h=${index} f=1 1`).join('\n'));
    const offsetsOf = (seriesId: number): Float64Array => Float64Array.from({ length: 50_000 }, (_, index) => 2 * index + seriesId);
    const source = memorySource(0n, points);
    const slice = (seriesId: number) => ({ offsetsNs: offsetsOf(seriesId), columns: [{ name: 'f', column: { type: 'float' as const, values: new Float64Array(50_000) } }] });
    const asked: ShardSource = { ...source, maybeRest: async () => void (turnCount += 1), reader: () => ({ seriesId }) => [slice(seriesId)] };
    const run = async (): Promise<number> => {
      for await (const frame of runShardPlan(planOf('SELECT sum(f) FROM m WHERE time >= 0 AND time < 1s GROUP BY time(1ns) fill(none)'), asked)) expect(frame.length).toBeGreaterThan(0);
      return turnCount;
    };
    return run();
  };
  expect(await turnsWith(1)).toBe(0);
  expect(await turnsWith(2)).toBeGreaterThan(10);
});

test('rows that a filter passes in parts are those that pass it at once', async () => {
  const framesOf = async (condition: string): Promise<number> => {
    let size = 0;
    for await (const frame of runShardPlan(planOf(`SELECT f, i FROM m WHERE ${condition}`), longSource(() => undefined))) size += frame.length;
    return size;
  };
  expect(await framesOf(TERMS)).toBe(await framesOf('i < 200'));
});

test('the cost of a filter is what is looked at for each row', () => {
  const costOf = (condition: string): number => filterCost(planOf(`SELECT f FROM m WHERE ${condition}`).measurements[0]!.rowFilter);
  expect(costOf('f > 1')).toBe(1);
  expect(costOf(Array.from({ length: 5_000 }, (_, index) => `f = ${index}`).join(' OR '))).toBe(1);
  expect(costOf(TERMS)).toBe(800);
  const inOneLook = Array.from({ length: 5_000 }, (_, index) => `(i = ${index} AND f > ${index} AND s != 'y')`).join(' OR ');
  expect(costOf(inOneLook)).toBe(4);
  expect(costOf(`${inOneLook} OR (i = 7 AND f < 3)`)).toBe(7);
  expect(rowCountAtOnce(1)).toBe(Infinity);
  expect(rowCountAtOnce(10 ** 9)).toBe(8);
});

test('parts of a slice have its rows, values and gaps', () => {
  const validity = Uint8Array.of(0b1010_1010, 0b1111_0000, 0b1);
  const slice = { offsetsNs: Float64Array.from({ length: 17 }, (_, index) => index), columns: [{ name: 's', column: { type: 'string' as const, values: Array.from({ length: 17 }, String), validity } }] };
  const parts = [...sliceParts(slice, 8)];
  expect(parts.map(({ offsetsNs }) => offsetsNs.length)).toEqual([8, 8, 1]);
  expect(parts.flatMap(({ columns: [only] }) => Array.from<unknown>(only!.column.values as readonly string[]))).toEqual(slice.columns[0]!.column.values);
  expect(parts.map(({ columns: [only] }) => only!.column.validity![0])).toEqual([...validity]);
  expect([...sliceParts(slice, 24)]).toEqual([slice]);
});
