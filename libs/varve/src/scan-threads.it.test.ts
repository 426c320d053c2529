import { DEFAULT_CONFIG, LIMITS } from '@varve/config';
import { newTempDirectory } from '@varve/ports/contract';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Metrics } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { metrics as names } from '@varve/telemetry';
import { expect, onTestFinished, test, vi } from 'vitest';
import { collectSeries } from './collect-series.ts';
import { openEmbedded, type Embedded } from './embedded.ts';

const HOST_COUNT = 60;
const ROW_COUNT = 3_000;
const FIRST_NS = 1_767_225_600_000_000_000n;
const LAST_NS = FIRST_NS + 1_000_000n * 1_000_000_000n;
const REQUEST = { database: 'db', retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: LAST_NS, isReadOnlyMethod: false, chunkRowCount: LIMITS.resultBlockRowCountMax };

/** Groups that are worth a share, several times. */
const LENT = [
  'SELECT mean(f), max(i), first(s) FROM m GROUP BY time(1h), host',
  'SELECT * FROM m GROUP BY host ORDER BY time DESC LIMIT 3',
  'SELECT percentile(f, 90) FROM m WHERE i > 100 GROUP BY host',
];
const QUESTIONS = [...LENT, 'SELECT f, i, s FROM m', 'SELECT f, i FROM m WHERE i > 20 ORDER BY time DESC', 'SELECT sum(i) FROM m GROUP BY time(10m)'];

/** `shareCount`: that scan threads have done. */
interface Opened extends Embedded {
  readonly shareCount: () => number;
  ask(text: string): ReturnType<typeof collectSeries>;
}

async function opened(dataDir: string, scanThreadCount: number): Promise<Opened> {
  let shareCount = 0;
  const metrics: Metrics = { ...SILENT_METRICS, add: (name, amount) => void (shareCount += name === names.scanShares ? amount : 0) };
  const ports = { clock: systemClock, random: systemRandom, log: SILENT_LOG, tracer: SILENT_TRACER, metrics, onFatal: () => expect.unreachable() };
  const embedded = await openEmbedded(ports, { ...DEFAULT_CONFIG, dataDir, scanThreadCount, flushAgeMsMax: 1_000 });
  onTestFinished(() => embedded.close());
  const ask = (text: string): ReturnType<typeof collectSeries> => collectSeries(embedded.gateway.runQuery({ ...REQUEST, text, signal: new AbortController().signal }));
  return { ...embedded, ask, shareCount: () => shareCount };
}

async function write({ gateway }: Embedded, lines: readonly string[]): Promise<void> {
  await gateway.writePoints({ body: new TextEncoder().encode(lines.join('\n')), precision: 'n', database: 'db', retentionPolicy: undefined, level: undefined, nowNs: LAST_NS });
}

function lineOf(host: number, row: number): string {
  return `m,host=h${host},dc=d${host % 3} f=${(row * 7 + host) / 8},i=${row % 500}i,s="s${row % 5}" ${FIRST_NS + BigInt(row) * 10_000_000_000n}`;
}

// Methodology: the same data directory is opened without scan threads, and then with one. Rows are in chunks, some of them in the memtable too.
test('ST1–ST3: answers are the same whoever scans, and rows that come later show', async () => {
  const dataDir = newTempDirectory();
  const alone = await opened(dataDir, 0);
  await alone.ask('CREATE DATABASE db WITH SHARD DURATION 1w');
  for (let host = 0; host < HOST_COUNT; host += 1) await write(alone, Array.from({ length: ROW_COUNT }, (_, row) => lineOf(host, row)));
  const newer = [lineOf(3, ROW_COUNT), lineOf(4, 17)];
  await write(alone, newer);
  const expected = [];
  for (const text of QUESTIONS) expected.push(await alone.ask(text));
  expect(alone.shareCount()).toBe(0);
  await alone.close();

  const beside = await opened(dataDir, 1);
  const isAsked = async (): Promise<void> => {
    await beside.ask(QUESTIONS[0]!); // The thread is started by it, and has something to do when rows are in chunks.
    expect(beside.shareCount()).toBeGreaterThan(0);
  };
  await vi.waitFor(isAsked, { timeout: 30_000, interval: 100 });
  await write(beside, newer);
  for (const [index, text] of QUESTIONS.entries()) {
    const shareCount = beside.shareCount();
    expect(await beside.ask(text), text).toEqual(expected[index]);
    if (index < LENT.length) expect(beside.shareCount(), text).toBeGreaterThan(shareCount);
  }
  await write(beside, [lineOf(5, 100_000)]);
  const last = await beside.ask('SELECT last(i) FROM m GROUP BY host');
  expect(last.find(({ tags }) => tags['host'] === 'h5')?.rows[0]?.[0]).toBe(FIRST_NS + 100_000n * 10_000_000_000n);
});
