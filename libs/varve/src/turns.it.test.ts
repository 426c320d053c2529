import type { InstantMs } from '@varve/base';
import { DEFAULT_CONFIG, LIMITS } from '@varve/config';
import { newTempDirectory } from '@varve/ports/contract';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Clock, type Tracer } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { spans } from '@varve/telemetry';
import { expect, onTestFinished, test } from 'vitest';
import { collectSeries } from './collect-series.ts';
import { openEmbedded } from './embedded.ts';

const SHARD_COUNT = 60;
const HOUR_NS = 3_600_000_000_000n;
const FIRST_NS = 1_767_225_600_000_000_000n;

const REQUEST = { database: 'db', retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: FIRST_NS + BigInt(SHARD_COUNT) * HOUR_NS - 1n, isReadOnlyMethod: false, chunkRowCount: LIMITS.resultBlockRowCountMax };

/** A process with a point in each of many shards. */
async function openWithShards(parts: { readonly clock: Clock; readonly tracer: Tracer }): Promise<(text: string) => ReturnType<typeof collectSeries>> {
  const { gateway, close } = await openEmbedded(
    { random: systemRandom, log: SILENT_LOG, metrics: SILENT_METRICS, onFatal: () => expect.unreachable(), ...parts },
    { ...DEFAULT_CONFIG, dataDir: newTempDirectory() },
  );
  onTestFinished(close);
  const ask = (text: string): ReturnType<typeof collectSeries> => collectSeries(gateway.runQuery({ ...REQUEST, text, signal: new AbortController().signal }));
  await ask('CREATE DATABASE db WITH SHARD DURATION 1h');
  const lines = Array.from({ length: SHARD_COUNT }, (_, hour) => `m,h=a f=${hour} ${FIRST_NS + BigInt(hour) * HOUR_NS}`);
  await gateway.writePoints({ body: new TextEncoder().encode(lines.join('\n')), precision: 'n', database: 'db', retentionPolicy: undefined, level: undefined, nowNs: FIRST_NS });
  return ask;
}

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
  const ask = await openWithShards({ clock, tracer: SILENT_TRACER });
  isPretending = true;
  const series = await ask(text);
  isPretending = false;
  expect(series[0]!.rows).toHaveLength(SHARD_COUNT);
  expect(pretendedMs).toBeGreaterThan(100);
  expect(turnCount).toBeGreaterThanOrEqual(Math.floor(pretendedMs / 40));
});

// Methodology: it takes pretended time, and nothing else does, that a shard is asked. All are asked at once.
test('shards that are read in one round of the event loop rest as one that takes as long', async () => {
  let [pretendedMs, turnCount] = [0, 0];
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => pretendedMs as InstantMs,
    turn: (work) => {
      turnCount += 1;
      return systemClock.turn(work);
    },
  };
  const startChild: Tracer['startChild'] = (name, ...rest) => {
    if (name === spans.shardQuery) pretendedMs += 3;
    return SILENT_TRACER.startChild(name, ...rest);
  };
  const ask = await openWithShards({ clock, tracer: { ...SILENT_TRACER, startChild } });
  [pretendedMs, turnCount] = [0, 0];
  await ask('SELECT count(f) FROM m GROUP BY h');
  expect(pretendedMs).toBe(3 * SHARD_COUNT);
  expect(turnCount).toBeGreaterThanOrEqual(Math.floor(pretendedMs / 20));
});
