import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '@varve/base';
import { send } from '@varve/http-adapter/testing';
import { FaultyDisk, faultyDiskTest, POWER_CUT_EXIT_CODE } from '@varve/testkit';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Load } from './testing/load.ts';
import { startServer, temporaryDirectory, type TestServer } from './testing/server.ts';

const SMALL_FILES = resolve(import.meta.dirname, 'testing/main-of-small-files.ts');
const KILL_COUNT = 30;
const POWER_CUT_COUNT = 24;
const LOAD_MS_MAX = 500;
/** Of a start, about; and of a load. */
const CALLS_OF_START_MAX = 60;
const CALLS_OF_LOAD_MAX = 1_500;

const flushesOf = async (url: string): Promise<number> => {
  const { text } = await send(`${url}/metrics`);
  return Number(/flush_duration_seconds_count(?:\{[^}]*\})? (\d+)/.exec(text)?.[1] ?? 0);
};

// Four writers send points, some over earlier ones, at random paces, and note which batches were answered 204. The process is
// killed at a random moment and started again on the same directory. Afterwards every point must have the value that was noted
// last, and no point that was never sent may be there. A batch without an answer may be there or not.
test('W1, D1: every acknowledged point survives kill -9 at random moments under load, and nothing else appears', async () => {
  const random = new Prng(20_260_101);
  const load = new Load(1);
  const server = await startServer({ main: SMALL_FILES });
  await Load.prepare(server.url);
  let flushCount = 0;
  for (let cycle = 0; cycle < KILL_COUNT; cycle += 1) {
    const written = load.run(server.url);
    await sleep(random.between(20, LOAD_MS_MAX));
    flushCount += await flushesOf(server.url);
    await server.kill();
    await written;
    await server.start();
    expect(await load.problems(server.url), `after kill ${cycle}`).toEqual([]);
  }
  expect(load.ackedCount).toBeGreaterThan(10 * KILL_COUNT);
  expect(load.unknownCount, 'batches that a kill cut off').toBeGreaterThan(0);
  expect(flushCount, 'flushes during the test').toBeGreaterThan(KILL_COUNT);
  console.info(`${KILL_COUNT} kills, ${load.ackedCount} batches acknowledged, ${load.unknownCount} cut off, ${load.pointCount} points, ${flushCount} flushes: nothing lost`);
});

// The same on a disk whose power goes at a random system call, under load or while the process starts. Some processes before
// that are killed: what they have left in the page cache only is gone with the power cut after them.
faultyDiskTest('W1, D1, D4: every acknowledged point survives power cuts under load and at starts, also behind kills', async () => {
  const random = new Prng(20_260_102);
  const load = new Load(2);
  const dataDir = join(temporaryDirectory(), 'data');
  const disk = FaultyDisk.create(dataDir);
  onTestFinished(() => disk.close());
  const server = await startServer({ main: SMALL_FILES, dataDir, env: disk.env });
  await Load.prepare(server.url);
  let cutCount = 0;
  for (let cycle = 0; cutCount < POWER_CUT_COUNT; cycle += 1) {
    const cut = { fault: 'CUT', seed: random.uint32() } as const;
    const [isKilled, isCutAtStart] = [random.between(0, 2) === 0, random.between(0, 3) === 0];
    const written = load.run(server.url);
    if (isKilled) await killAfter(server, random.between(20, LOAD_MS_MAX));
    else {
      disk.setRule({ ...cut, nth: random.between(1, CALLS_OF_LOAD_MAX) });
      expect((await server.ended()).exitCode).toBe(POWER_CUT_EXIT_CODE);
      cutCount += 1;
    }
    await written;
    if (isCutAtStart) {
      disk.setRule({ ...cut, nth: random.between(1, CALLS_OF_START_MAX) });
      await server.start().then(() => server.kill(), () => (cutCount += 1));
    }
    disk.setRule();
    await server.start();
    expect(await load.problems(server.url), `after cycle ${cycle}`).toEqual([]);
  }
  expect(load.ackedCount).toBeGreaterThan(10 * POWER_CUT_COUNT);
  console.info(`${cutCount} power cuts, ${load.ackedCount} batches acknowledged, ${load.unknownCount} cut off, ${load.pointCount} points: nothing lost`);
});

faultyDiskTest('D3: a failed sync or write of the journal ends the process, and the next one has all that was acknowledged', async () => {
  const load = new Load(3);
  const dataDir = join(temporaryDirectory(), 'data');
  const disk = FaultyDisk.create(dataDir);
  onTestFinished(() => disk.close());
  const server = await startServer({ main: SMALL_FILES, dataDir, env: disk.env });
  await Load.prepare(server.url);
  for (const [nth, call] of [[1, 'sync'], [20, 'sync'], [30, 'write']] as const) {
    disk.setRule({ fault: 'EIO', calls: [call], path: '*/journal/*-wal', nth });
    const written = load.run(server.url);
    const { exitCode, stdout, stderr } = await server.ended();
    expect(exitCode, call).toBe(1);
    expect(stdout + stderr).toContain('A store failed; the process ends');
    await written;
    disk.setRule();
    await server.start();
    expect(await load.problems(server.url), call).toEqual([]);
  }
});

async function killAfter(server: TestServer, delayMs: number): Promise<void> {
  await sleep(delayMs);
  await server.kill();
}
