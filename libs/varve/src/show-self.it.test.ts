import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG, type VarveConfig } from '@varve/config';
import { SILENT_LOG, SILENT_TRACER, type QueryRequest, type ResultItem } from '@varve/ports';
import { openMetrics, openSelfReport, systemClock, systemRandom } from '@varve/system-adapter';
import { expect, onTestFinished, test } from 'vitest';
import { openEmbedded, type Embedded } from './embedded.ts';

test('ST1 ST2 SHOW STATS and SHOW DIAGNOSTICS say what was counted and how the process is set', async () => {
  const embedded = await open();
  await run(embedded, 'CREATE DATABASE d');
  await embedded.gateway.writePoints({ body: new TextEncoder().encode('m v=1 1\nm v=2 2\nn v=1 1'), precision: 'n', database: 'd', retentionPolicy: undefined, level: undefined, nowNs: 0n });
  await run(embedded, 'SELECT v FROM m');

  const stats = await run(embedded, 'SHOW STATS');
  expect(valuesOf(stats, 'queryExecutor')).toMatchObject({ queriesActive: 1, queriesExecuted: 3, queriesFinished: 2, recoveredPanics: 0 });
  expect(valuesOf(stats, 'write')).toMatchObject({ pointReq: 3, writeDrop: 0 });
  expect(valuesOf(stats, 'database')).toEqual({ numMeasurements: 2, numSeries: 2 });
  expect(valuesOf(stats, 'shard')).toEqual({ owners: 1, seriesCreate: 2 });
  await run(embedded, 'DELETE FROM n');
  expect(valuesOf(await run(embedded, "SHOW STATS FOR 'database'"), 'database'), 'not what was deleted').toEqual({ numMeasurements: 1, numSeries: 1 });
  expect((await run(embedded, "SHOW STATS FOR 'shard'")).map(nameOf)).toEqual(['shard']);
  expect(valuesOf(stats, 'varve_write')).toMatchObject({ points: 3 });
  expect(valuesOf(stats, 'runtime')!['HeapAlloc']).toBeGreaterThan(0);
  expect((await run(embedded, "SHOW STATS FOR 'write'")).map(nameOf)).toEqual(['write']);
  expect(await run(embedded, "SHOW STATS FOR 'nothing'")).toEqual([]);

  const diagnostics = await run(embedded, 'SHOW DIAGNOSTICS');
  expect(valuesOf(diagnostics, 'build')).toMatchObject({ Version: 'of a test' });
  expect(valuesOf(diagnostics, 'config-coordinator')).toMatchObject({ 'max-select-buckets': 0, 'max-select-point': 0, 'max-select-series': 0, 'query-timeout': '0s', 'write-timeout': '10s' });
  expect(valuesOf(diagnostics, 'system')).toMatchObject({ PID: process.pid });
  for (const item of [...stats, ...diagnostics]) expect(columnsOf(item), nameOf(item)).toEqual(columnsOf(item).toSorted());
});

test('EX1 EX2 EXPLAIN plans, and EXPLAIN ANALYZE says what each shard has counted', async () => {
  const embedded = await open();
  await run(embedded, 'CREATE DATABASE d');
  const body = new TextEncoder().encode('m,h=a v=1 1\nm,h=a v=2 2\nm,h=b v=3 1\nm,h=c v=4 700000000000000');
  await embedded.gateway.writePoints({ body, precision: 'n', database: 'd', retentionPolicy: undefined, level: undefined, nowNs: 0n });
  const linesOf = async (text: string): Promise<readonly unknown[]> => {
    const [item] = await run(embedded, text);
    return item?.kind === 'rows' ? item.cells[0]! : [];
  };
  const explained = await linesOf("EXPLAIN SELECT v FROM m WHERE h != 'b'");
  expect(explained.slice(0, 4)).toEqual(['EXPRESSION: <nil>', 'AUXILIARY FIELDS: v::float', 'NUMBER OF SHARDS: 2', 'NUMBER OF SERIES: 2']);
  const analyzed = (await linesOf('EXPLAIN ANALYZE SELECT sum(v) FROM m GROUP BY h')).map(String);
  expect(analyzed.filter((line) => /rows_read|[^_]series|retries|── rows:/.test(line)).map((line) => line.trim().replaceAll(/[│├└─ ]/g, ''))).toEqual(
    ['rows:3', 'series:3', 'retries:0', 'series:2', 'rows_read:3', 'retries:0', 'series:1', 'rows_read:1'],
  );
  expect(analyzed.filter((line) => line.includes('shard_id')).length).toBe(2);
});

test('KQ3 KQ4 when no more queries may run, what runs can be seen and ended, at whatever point its client rests', async () => {
  const embedded = await open({ concurrentQueryCountMax: 1 });
  await run(embedded, 'CREATE DATABASE d');
  const body = new TextEncoder().encode(Array.from({ length: 5_000 }, (_, index) => `m v=1 ${index}`).join('\n'));
  await embedded.gateway.writePoints({ body, precision: 'n', database: 'd', retentionPolicy: undefined, level: undefined, nowNs: 0n });
  const held = embedded.gateway.runQuery(requestOf('SELECT v FROM m; SHOW DATABASES'))[Symbol.asyncIterator]();
  expect((await held.next()).value).toMatchObject({ kind: 'rows', name: 'm' });

  expect(await itemsOf(embedded, 'SELECT v FROM m')).toEqual([{ kind: 'error', statementId: 0, text: 'max-concurrent-queries limit exceeded(1, 1)', code: 'QUERY_LIMIT' }]);
  const [queries] = await run(embedded, 'SHOW QUERIES');
  const shown = queries?.kind === 'rows' ? queries.cells[1]! : [];
  expect(shown).toEqual(['SELECT v FROM m;\nSHOW DATABASES', 'SHOW QUERIES']);
  const id = String(queries?.kind === 'rows' ? queries.cells[0]![0] : 0);
  expect(await run(embedded, `KILL QUERY ${id}`)).toEqual([]);
  const rest: unknown[] = [];
  for (let next = await held.next(); next.done !== true; next = await held.next()) if (next.value.kind !== 'rows') rest.push(next.value);
  expect(rest).toEqual([
    { kind: 'error', statementId: 0, text: 'query interrupted', code: 'QUERY_INTERRUPTED' },
    { kind: 'done', statementId: 0 },
    { kind: 'error', statementId: 1, text: 'not executed' },
    { kind: 'done', statementId: 1 },
  ]);
  expect(await itemsOf(embedded, `KILL QUERY ${id}`)).toEqual([{ kind: 'error', statementId: 0, text: `no such query id: ${id}`, code: 'QUERY_INVALID' }]);
});

async function open(settings: Partial<VarveConfig> = {}): Promise<Embedded> {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-show-'));
  const metrics = openMetrics();
  const selfReport = openSelfReport(metrics, { version: 'of a test', httpAddress: 'nowhere:1' });
  const ports = { clock: systemClock, random: systemRandom, log: SILENT_LOG, metrics, tracer: SILENT_TRACER, selfReport, onFatal: () => undefined };
  const embedded = await openEmbedded(ports, { ...DEFAULT_CONFIG, ...settings, dataDir });
  onTestFinished(async () => {
    await embedded.close();
    rmSync(dataDir, { recursive: true });
  });
  return embedded;
}

async function run(embedded: Embedded, text: string): Promise<readonly ResultItem[]> {
  const items = await itemsOf(embedded, text);
  expect(items.filter(({ kind }) => kind === 'error'), text).toEqual([]);
  return items;
}

async function itemsOf({ gateway }: Embedded, text: string): Promise<readonly ResultItem[]> {
  const items: ResultItem[] = [];
  for await (const item of gateway.runQuery(requestOf(text))) if (item.kind !== 'done') items.push(item);
  return items;
}

function requestOf(text: string): QueryRequest {
  return { text, database: 'd', retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: 0n, isReadOnlyMethod: false, chunkRowCount: 100, signal: new AbortController().signal };
}

function nameOf(item: ResultItem): string {
  return item.kind === 'rows' ? item.name : item.kind;
}

function columnsOf(item: ResultItem): readonly string[] {
  return item.kind === 'rows' ? item.columns : [];
}

function valuesOf(items: readonly ResultItem[], name: string): Record<string, unknown> | undefined {
  const found = items.find((item) => item.kind === 'rows' && item.name === name);
  return found?.kind === 'rows' ? Object.fromEntries(found.columns.map((column, index) => [column, found.cells[index]![0]])) : undefined;
}
