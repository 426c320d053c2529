import { LIMITS } from '@varve/config';
import type { SeriesBlock } from '@varve/model';
import { expect, test } from 'vitest';
import type { SelectStatement } from './influxql/ast.ts';
import { formatStatement } from './influxql/print-statement.ts';
import { runShardPlan } from './operators/run-shard-plan.ts';
import { planQuery } from './plan/plan-query.ts';
import type { QueryPlan } from './plan/query-plan.ts';
import { needsTagKeys, selectMeasurements } from './plan/select-sources.ts';
import { executeQuery, type ExecuteOptions, type Scatter } from './subquery/execute-query.ts';
import { allArrived } from './testing/all-of.ts';
import { answerOf, parseOne, schemaOf, shardsOf, TEST_DATABASE } from './testing/memory-engine.ts';
import { memorySource, type TestPoint } from './testing/memory-source.ts';
import { parseTestLines } from './testing/test-lines.ts';

/** `perHost` points of each of three hosts, one per nanosecond. */
const hosts = (perHost: number): TestPoint[] =>
  parseTestLines(['a', 'b', 'c'].flatMap((host) => Array.from({ length: perHost }, (_row, time) => `m,host=${host} f=${time} ${time}`)).join('\n'));

function selectOf(query: string): SelectStatement {
  const statement = parseOne(query);
  if (typeof statement === 'string' || statement.kind !== 'select') throw new Error(`not a SELECT: ${query}`);
  return statement;
}

function planOf(query: string, points: readonly TestPoint[]): QueryPlan {
  const context = { nowNs: 10_000n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(points) };
  const plan = planQuery(selectOf(query), { ...context, limits: { selectBucketCountMax: 0, windowCountMax: 1_000_000 } });
  if ('kind' in plan) throw new Error(plan.text);
  return plan;
}

/** A scatter over shards of ten nanoseconds that tells which of them are open. */
class Shards {
  readonly opened: bigint[] = [];
  readonly closed: bigint[] = [];
  readonly #points: readonly TestPoint[];

  constructor(points: readonly TestPoint[]) {
    this.#points = points;
  }

  readonly scatter: Scatter = ({ shardPlan }) =>
    shardsOf(this.#points, { windowNs: 10n, sliceCount: 1 }).map(({ startNs, points }) => ({
      startNs,
      partials: this.#observed(startNs, runShardPlan(shardPlan, memorySource(startNs, points))),
    }));

  async *#observed(startNs: bigint, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.opened.push(startNs);
    try {
      yield* frames;
    } finally {
      this.closed.push(startNs);
    }
  }
}

async function blocksOf(query: string, points: readonly TestPoint[], shards: Shards, options: Partial<ExecuteOptions> = {}): Promise<SeriesBlock[]> {
  return allArrived(executeQuery(planOf(query, points), shards.scatter, { chunkRowCount: 100, ...options }));
}

const nested = (depth: number): string => `${'SELECT f FROM ('.repeat(depth)}SELECT f FROM m${')'.repeat(depth)}`;

test('QC8: a thousand levels are refused with a clear text, and as many as are taken are planned, executed and printed', async () => {
  const refused = parseOne(nested(1000));
  expect(refused).toMatch(/^error parsing query: .*nest/);
  const depth = Array.from({ length: 101 }, (_none, index) => index).findLast((each) => typeof parseOne(nested(each)) !== 'string')!;
  expect(depth).toBeGreaterThan(50);
  const { series } = await answerOf(nested(depth), hosts(2));
  expect(series?.[0]?.values).toHaveLength(6);
  expect(await answerOf(nested(depth).replaceAll('SELECT f FROM (', 'SELECT max(f) AS f FROM ('), hosts(2))).toMatchObject({ series: [{ values: [[1n, 1]] }] });
  expect(parseOne(formatStatement(selectOf(nested(depth))))).toEqual(selectOf(nested(depth)));
});

test('SQ3: so many subqueries side by side are answered, and no more', async () => {
  const beside = (count: number): string => `SELECT count(f) FROM ${Array.from({ length: count }, () => '(SELECT f FROM m)').join(', ')}`;
  expect(await answerOf(beside(100), hosts(2))).toMatchObject({ series: [{ values: [[0n, 600]] }] });
  expect(await answerOf(beside(101), hosts(2))).toEqual({ error: 'more than 100 subqueries in one statement' });
});

test('SQ5: a star in each of some nested subqueries doubles the columns up to a bound, whose refusal is as fast at any depth', async () => {
  const doubled = (depth: number): string => `${'SELECT *, * FROM ('.repeat(depth)}SELECT f FROM m${')'.repeat(depth)} LIMIT 1`;
  const { series } = await answerOf(doubled(10), hosts(1));
  expect(series?.[0]?.values?.[0]).toHaveLength(1 + 2 ** 10);
  const error = `a SELECT may have ${LIMITS.selectColumnCountMax} columns: this one has more, name fewer fields`;
  for (const depth of [15, 40]) expect(await answerOf(doubled(depth), hosts(1))).toEqual({ error });
  expect(await answerOf(`SELECT ${new Array(20_000).fill('mean(*)').join()} FROM m`, hosts(1))).toEqual({ error });
});

test.each([
  ['', [0n]],
  [' WHERE f >= 0', [0n, 10n, 20n]],
])('QC7: who has all rows closes the shards of a subquery, and opens no more%s', async (where, opened) => {
  const shards = new Shards(hosts(50));
  const blocks = await blocksOf(`SELECT f FROM (SELECT f FROM m)${where} LIMIT 12`, hosts(50), shards);
  expect(blocks.map(({ rowCount }) => rowCount)).toEqual([12]);
  expect(shards).toMatchObject({ opened, closed: opened });
});

test('QC7: who stops to read closes the shards of all levels', async () => {
  const shards = new Shards(hosts(50));
  const query = 'SELECT max FROM (SELECT max(f) FROM (SELECT f FROM m GROUP BY host) GROUP BY host), (SELECT f AS max FROM m GROUP BY host) GROUP BY host';
  read: for await (const blocks of executeQuery(planOf(query, hosts(50)), shards.scatter, { chunkRowCount: 1 })) for (const _block of blocks) break read;
  expect(shards.opened.length).toBeGreaterThan(5);
  expect(shards.closed.toSorted()).toEqual(shards.opened.toSorted());
});

test.each(['SELECT f FROM (SELECT f FROM m)', 'SELECT sum(f) FROM (SELECT f FROM m)', 'SELECT sum(f) FROM (SELECT f FROM (SELECT f FROM m GROUP BY host))'])(
  'Q8: an aborted query ends at every level: %s',
  async (query) => {
    const shards = new Shards(hosts(50));
    await expect(blocksOf(query, hosts(50), shards, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
    expect(shards.closed).toEqual(shards.opened);
  },
);

test.each([
  ['rows of several series that wait for each other', 'SELECT f FROM (SELECT f FROM m GROUP BY host)', 299, 300],
  ['windows', 'SELECT sum(f) FROM (SELECT f FROM m) WHERE time >= 0 AND time < 50 GROUP BY time(1ns)', 49, 50],
  ['windows of one group that is whole before the next', 'SELECT sum(f) FROM (SELECT f FROM m) WHERE time >= 0 AND time < 50 GROUP BY time(1ns), host', 49, 50],
  ['windows of groups that are not', 'SELECT sum(f) FROM (SELECT f FROM m GROUP BY a) WHERE time >= 0 AND time < 50 GROUP BY time(1ns), host', 149, 150],
  ['windows of several sources', 'SELECT sum(f) FROM (SELECT f FROM m), (SELECT f FROM m) WHERE time >= 0 AND time < 50 GROUP BY time(1ns), host', 149, 150],
  ['values to be sorted', 'SELECT median(f) FROM (SELECT f FROM m)', 150, 151],
  ['distinct values', 'SELECT distinct(f) FROM (SELECT f FROM m)', 50, 51],
  ['nothing: as many rows as there are pass', 'SELECT f FROM (SELECT f FROM m GROUP BY host) GROUP BY host', -1, 0],
  ['one window', 'SELECT sum(f) FROM (SELECT f FROM m)', 0, 1],
])('SQ3: what is held is bounded: %s', async (_what, query, tooFew, enough) => {
  const shards = new Shards(hosts(50));
  if (tooFew >= 0) {
    const refusal = { code: 'QUERY_LIMIT', message: expect.stringContaining('values of a subquery') as string };
    await expect(blocksOf(query, hosts(50), shards, { heldValueCountMax: tooFew })).rejects.toMatchObject(refusal);
    expect(shards.closed.toSorted()).toEqual(shards.opened.toSorted());
  }
  expect(await blocksOf(query, hosts(50), shards, { heldValueCountMax: enough })).not.toEqual([]);
});

test.each([
  ['', [0, 0, 0, 1, 1]],
  [' ORDER BY time DESC', [1499, 1499, 1499, 1498, 1498]],
])('SQ3: of rows that are cut off anyway few are held%s', async (order, expected) => {
  const query = `SELECT f, host FROM (SELECT f FROM m GROUP BY host) WHERE f >= 0${order} LIMIT 5`;
  const blocks = await blocksOf(query, hosts(1500), new Shards(hosts(1500)), { heldValueCountMax: 3 * 2100 });
  expect(blocks.flatMap(({ cells }) => cells[0])).toEqual(expected);
  expect(blocks.flatMap(({ cells }) => cells[1])).toEqual(['a', 'b', 'c', 'a', 'b']);
});

test('SQ1: a subquery is asked for no more than what is around it wants', () => {
  const points = hosts(5);
  const plan = planOf('SELECT max(mean) FROM (SELECT mean(f) FROM (SELECT f FROM m WHERE time < 7) WHERE time > 1) WHERE time >= 0 AND time < 9 GROUP BY host, time(3ns)', points);
  const [outer] = plan.sources;
  expect(outer).toMatchObject({ kind: 'subquery', plan: { range: { startNs: 2n, endNs: 9n }, mergePlan: { dimensions: ['host'], input: { window: { everyNs: 3n } } } } });
  const [inner] = outer!.kind === 'subquery' ? outer!.plan.sources : [];
  expect(inner).toMatchObject({ kind: 'subquery', plan: { range: { startNs: 2n, endNs: 7n }, sources: [{ shardPlan: { dimensions: ['host'], range: { endNs: 7n } } }] } });
});

test.each([
  ['', 3],
  [" WHERE host != 'a'", 3],
  [' WHERE f > 1', undefined],
  [' GROUP BY host', 3],
])('QC7: LIMIT goes down to the shards of a subquery: %s', (rest, rowCountMax) => {
  const plan = planOf(`SELECT f FROM (SELECT f FROM (SELECT f FROM m GROUP BY host))${rest} LIMIT 2 OFFSET 1`, hosts(5));
  const [outer] = plan.sources;
  const [inner] = outer!.kind === 'subquery' ? outer!.plan.sources : [];
  expect(inner).toMatchObject({ plan: { mergePlan: { limits: { limit: rowCountMax } }, sources: [{ shardPlan: { output: { rowCountMax } } }] } });
});

test('tag keys are asked for where a level names none, of the measurements of that level', () => {
  const points = [...hosts(1), ...parseTestLines('k,rack=1 f=1 1')];
  const asked = (query: string): unknown => {
    const statement = selectOf(query);
    const sources = selectMeasurements(statement, { database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(points) });
    return [needsTagKeys(statement), 'kind' in sources ? sources.text : sources.map(({ name }) => name)];
  };

  expect(asked('SELECT * FROM (SELECT f FROM m) GROUP BY *')).toEqual([true, []]);
  expect(asked('SELECT f FROM (SELECT * FROM m), k')).toEqual([true, ['m']]);
  expect(asked('SELECT * FROM (SELECT f FROM m), k')).toEqual([true, ['k']]);
  expect(asked('SELECT f FROM (SELECT f FROM (SELECT f FROM /./ GROUP BY /a/))')).toEqual([true, ['k', 'm']]);
  expect(asked('SELECT f FROM (SELECT * FROM m), (SELECT * FROM m)')).toEqual([true, ['m']]);
  expect(asked('SELECT f FROM (SELECT * FROM nodb..m)')).toEqual([true, 'database not found: nodb']);
});

test('tag keys are asked for where something is computed of a name that is no field, or a subquery has a column of it, and nowhere else', () => {
  const asked = (query: string): readonly unknown[] => {
    const statement = selectOf(query);
    const sources = selectMeasurements(statement, { database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(hosts(1)) });
    return [needsTagKeys(statement), 'kind' in sources ? sources.text : sources.map(({ name }) => name)];
  };

  for (const query of ['f', 'host', 'max(f), host', 'abs(host)', '1']) expect(asked(`SELECT ${query} FROM m`), query).toEqual([false, []]);
  for (const query of ['f + 1', 'host, f * f', 'max(f) - min(f)']) expect(asked(`SELECT ${query} FROM m`), query).toEqual([true, []]);
  for (const query of ['f + host', 'abs(1 + (nope))', 'max(nope) - 1', '-host']) expect(asked(`SELECT ${query} FROM m`), query).toEqual([true, ['m']]);
  for (const query of ['f + host::tag', 'f + nope::field', 'f + nope::integer', 'f + time']) expect(asked(`SELECT ${query} FROM m`)[1], query).toEqual([]);
  expect(asked('SELECT z + 1 FROM (SELECT host AS z, f FROM m)')).toEqual([true, ['m']]);
  expect(asked('SELECT z + 1 FROM (SELECT f AS z FROM m)')).toEqual([true, []]);
  expect(asked('SELECT z + 1 FROM (SELECT max(f) AS z FROM m)')).toEqual([false, []]);
  expect(asked('SELECT z FROM (SELECT host AS z, f FROM m)')).toEqual([true, ['m']]);
  expect(asked('SELECT z FROM (SELECT f AS z FROM m)')).toEqual([true, []]);
  expect(asked('SELECT host FROM (SELECT top(f, host, 1) FROM m)')).toEqual([true, ['m']]);
});

test('a subquery that reads nothing asks nobody', async () => {
  const shards = new Shards(hosts(5));
  expect(await blocksOf('SELECT f FROM (SELECT f FROM nothing)', hosts(5), shards)).toEqual([]);
  expect(await blocksOf('SELECT max(f) FROM (SELECT f FROM m WHERE time > 9) WHERE time < 3', hosts(5), shards)).toEqual([]);
  expect(shards.opened).toEqual([]);
});
