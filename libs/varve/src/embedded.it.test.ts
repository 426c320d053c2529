import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '@varve/config';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Clock, type Log, type Random } from '@varve/ports';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { expect, onTestFinished, test } from 'vitest';
import { openEmbedded, type Embedded } from './embedded.ts';

// Methodology: the real stores on a directory of the test's own. What breaks, when the test says so, is the randomness,
// without which nothing starts, or the monotonic clock: the coordinator needs it to give back its lease, and nobody else
// needs it to stop.

class World {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'varve-embedded-'));
  readonly logged: unknown[] = [];
  isBroken = false;
  isClockBroken = false;

  constructor() {
    onTestFinished(() => rmSync(this.dataDir, { recursive: true }));
  }

  open(): Promise<Embedded> {
    const random: Random = {
      uint32: () => {
        if (this.isBroken) throw new Error('no randomness is left');
        return systemRandom.uint32();
      },
    };
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => {
        if (this.isClockBroken) throw new Error('time has stopped');
        return systemClock.monotonicMs();
      },
    };
    const log: Log = { ...SILENT_LOG, error: (_message, facts) => void this.logged.push(facts?.['error']) };
    const ports = { clock, random, log, metrics: SILENT_METRICS, tracer: SILENT_TRACER, onFatal: () => undefined };
    return openEmbedded(ports, { ...DEFAULT_CONFIG, dataDir: this.dataDir });
  }
}

test('E4: closing goes on behind a step that fails, says what failed first, and lets go of the directory', async () => {
  const world = new World();
  const embedded = await world.open();
  world.isClockBroken = true;
  await expect(embedded.close()).rejects.toThrow('time has stopped');
  world.isClockBroken = false;
  await (await world.open()).close(); // would be STORAGE_LOCKED
});

test('E2: a start that fails says why, and lets go of the directory', async () => {
  const world = new World();
  world.isBroken = true;
  await expect(world.open()).rejects.toThrow('no randomness is left');
  world.isBroken = false;
  await (await world.open()).close();
});

test('E4: closing twice is closing once', async () => {
  const embedded = await new World().open();
  await Promise.all([embedded.close(), embedded.close()]);
  await embedded.close();
});

test('E1: a directory has one process at a time, and who is refused leaves its owner alone', async () => {
  const world = new World();
  const embedded = await world.open();
  await expect(world.open()).rejects.toMatchObject({ code: 'STORAGE_LOCKED' });
  expect(embedded.gateway.health()).toEqual({ isPassing: true, problems: [] });
  await embedded.close();
});
