import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { query, send, write } from '@varve/http-adapter/testing';
import { startServer } from './testing/server.ts';

const CYCLE_COUNT = 20;
const WRITER_COUNT = 4;
const POINTS_PER_BATCH = 10;
/** Bounds the load of a cycle, and with it the time of the test. */
const BATCHES_PER_WRITER_MAX = 100;
const LOAD_MS_MAX = 1_500;
const LANE_COUNT = 20;

// Flushes, and journal files to let go, come within seconds, so that kills hit them as well.
const FLAGS = [
  ...['--data-cache-snapshot-memory-size', '1m', '--data-cache-snapshot-write-cold-duration', '1s'],
  ...['--data-journal-file-size', '1m'],
];

// Four writers send points that never repeat, at random paces, and note which batches were answered 204. The process is
// killed at a random moment and started again on the same directory. Afterwards every noted point must be there with its
// value, and no point that was never sent. A batch without an answer may be there or not.
test('W1: every acknowledged point survives kill -9 at random moments under load, and nothing else appears', async () => {
  const random = new Prng(20_260_101);
  const server = await startServer({ flags: FLAGS });
  await query(server.url, 'CREATE DATABASE crash');
  const [sent, acked] = [new Set<string>(), new Set<string>()];
  let flushCount = 0;

  for (let cycle = 0; cycle < CYCLE_COUNT; cycle += 1) {
    const load = startLoad({ url: server.url, random: random.fork(), cycle, sent, acked });
    await sleep(random.between(50, LOAD_MS_MAX));
    flushCount += await flushesOf(server.url);
    await server.kill();
    await load;
    await server.start();
    const found = await readAll(server.url);
    expect(missingFrom(found, acked), `acknowledged points that are gone after cycle ${cycle}`).toEqual([]);
    expect(missingFrom(sent, found), `points nobody sent after cycle ${cycle}`).toEqual([]);
  }
  expect(acked.size).toBeGreaterThan(CYCLE_COUNT * POINTS_PER_BATCH);
  expect(sent.size, 'points whose write a kill cut off').toBeGreaterThan(acked.size);
  expect(flushCount, 'flushes during the test').toBeGreaterThan(0);
  console.info(
    `${CYCLE_COUNT} kills, ${acked.size} of ${sent.size} points acknowledged, ${flushCount} flushes: nothing lost`,
  );
});

interface Load {
  readonly url: string;
  readonly random: Prng;
  readonly cycle: number;
  /** Points as {@link readAll} gives them. */
  readonly sent: Set<string>;
  readonly acked: Set<string>;
}

/** Resolves when every writer has met the kill or sent its share. */
async function startLoad(load: Load): Promise<void> {
  await Promise.all(Array.from({ length: WRITER_COUNT }, (_, writer) => writeUntilKilled(load, writer)));
}

async function writeUntilKilled({ url, random, cycle, sent, acked }: Load, writer: number): Promise<void> {
  const pace = random.fork();
  for (let batch = 0; batch < BATCHES_PER_WRITER_MAX; batch += 1) {
    const points = Array.from({ length: POINTS_PER_BATCH }, (_, index) => {
      const number = ((cycle * WRITER_COUNT + writer) * BATCHES_PER_WRITER_MAX + batch) * POINTS_PER_BATCH + index;
      return { number, lane: `lane${number % LANE_COUNT}`, value: pace.uint32() };
    });
    for (const { number, lane, value } of points) sent.add(`${number} ${lane} ${value} text ${value}`);
    const lines = points.map(
      ({ number, lane, value }) => `crash,lane=${lane} value=${value}i,text="text ${value}" ${number}`,
    );
    try {
      const { status, text } = await write(url, 'crash', lines.join('\n'), { precision: 's' });
      expect(status, text).toBe(204);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return; // fetch's own failure: the connection broke, so the process is gone and this batch may be there or not
    }
    for (const { number, lane, value } of points) acked.add(`${number} ${lane} ${value} text ${value}`);
    await sleep(pace.between(0, 20));
  }
}

async function readAll(url: string): Promise<Set<string>> {
  const series = await query(url, 'SELECT lane, value, text FROM crash', { db: 'crash', epoch: 's' });
  return new Set(series.flatMap(({ values }) => values.map((cells) => cells.join(' '))));
}

async function flushesOf(url: string): Promise<number> {
  const { text } = await send(`${url}/metrics`);
  return Number(/flush_duration_seconds_count(?:\{[^}]*\})? (\d+)/.exec(text)?.[1] ?? 0);
}

/** At most ten, to keep a failure readable. */
function missingFrom(present: ReadonlySet<string>, wanted: ReadonlySet<string>): string[] {
  return [...wanted].filter((point) => !present.has(point)).slice(0, 10);
}
