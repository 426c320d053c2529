import { DEFAULT_CONFIG, LIMITS } from '@varve/config';
import { newTempDirectory } from '@varve/ports/contract';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Clock } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { expect, onTestFinished, test } from 'vitest';
import { collectSeries } from './collect-series.ts';
import { openEmbedded } from './embedded.ts';

const SHARD_COUNT = 60;
const HOUR_NS = 3_600_000_000_000n;
const FIRST_NS = 1_767_225_600_000_000_000n;

// Methodology: while a statement runs, each look at the clock takes a millisecond of pretended time, and its turns are counted. Every shard
// is in memory and far too short to rest by itself; all of them together are not.
test.each(['SELECT f FROM m', 'SELECT count(f) FROM m GROUP BY time(1h), h'])('%s over many short shards lets everybody else have a turn between them', async (text) => {
  let [pretendedMs, turnCount, isPretending] = [0, 0, false];
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + (pretendedMs += isPretending ? 1 : 0),
    turn: (work) => {
      turnCount += isPretending ? 1 : 0;
      return systemClock.turn(work);
    },
  };
  const { gateway, close } = await openEmbedded(
    { clock, random: systemRandom, log: SILENT_LOG, metrics: SILENT_METRICS, tracer: SILENT_TRACER, onFatal: () => expect.unreachable() },
    { ...DEFAULT_CONFIG, dataDir: newTempDirectory() },
  );
  onTestFinished(close);
  const request = { database: 'db', retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: FIRST_NS + BigInt(SHARD_COUNT) * HOUR_NS - 1n, isReadOnlyMethod: false, chunkRowCount: LIMITS.resultBlockRowCountMax };
  const ask = (each: string): ReturnType<typeof collectSeries> => collectSeries(gateway.runQuery({ ...request, text: each, signal: new AbortController().signal }));
  await ask('CREATE DATABASE db WITH SHARD DURATION 1h');
  const lines = Array.from({ length: SHARD_COUNT }, (_, hour) => `m,h=a f=${hour} ${FIRST_NS + BigInt(hour) * HOUR_NS}`);
  await gateway.writePoints({ body: new TextEncoder().encode(lines.join('\n')), precision: 'n', database: 'db', retentionPolicy: undefined, level: undefined, nowNs: FIRST_NS });
  isPretending = true;
  const series = await ask(text);
  isPretending = false;
  expect(series[0]!.rows).toHaveLength(SHARD_COUNT);
  expect(pretendedMs).toBeGreaterThan(100);
  expect(turnCount).toBeGreaterThanOrEqual(Math.floor(pretendedMs / 40));
});
