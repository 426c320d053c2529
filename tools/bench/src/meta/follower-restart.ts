import { setTimeout as sleep } from 'node:timers/promises';
import { DbError } from '@varve/base';
import { NO_PAYLOAD, openStream } from '@varve/kit';
import { systemClock } from '@varve/system-adapter';
import { cpuMsOf } from '../footprint.ts';
import { openGroup, SUBJECTS, until, type RunningGroup } from './running-group.ts';

const VOTER_COUNT = 3;
const CLIENT_COUNT = 64;
const ENTRY_COUNT = 10_000;
/** No snapshot comes in between: all of it is in the log. */
const NEVER = 1_000_000_000;
const LOOK_EVERY_MS = 5;
const IDLE_TIMEOUT_MS = 1_000;

/** A follower that stops and starts again, with all entries in its log. From when its process was started. */
export interface RestartFigure {
  readonly entryCount: number;
  /** The program is loaded and begins to open its files. */
  readonly loadedMs: number;
  /** It takes part. */
  readonly readyMs: number;
  /** It has applied everything. */
  readonly caughtUpMs: number;
  /** That it took on any core until then. */
  readonly cpuMs: number;
}

export async function measureFollowerRestart(repeatCount: number): Promise<readonly RestartFigure[]> {
  const group = await openGroup(VOTER_COUNT, { settings: { snapshotEntryCount: NEVER } });
  try {
    const index = await fill(group);
    const figures: RestartFigure[] = [];
    for (let count = 0; count < repeatCount; count += 1) figures.push(await restart(group, index));
    return figures;
  } finally {
    await group.close();
  }
}

/** @returns the index of the last entry */
async function fill(group: RunningGroup): Promise<number> {
  const clients = Array.from({ length: CLIENT_COUNT }, (_, number) => group.openClient(`client ${number}`));
  let [next, version] = [0, 0];
  await Promise.all(
    clients.map(async (client) => {
      while (next < ENTRY_COUNT) {
        const proposed = await client.propose({ kind: 'setSetting', key: 'default-replica-count', value: String((next += 1)) });
        version = Math.max(version, proposed.version);
      }
    }),
  );
  return version;
}

async function restart(group: RunningGroup, index: number): Promise<RestartFigure> {
  const name = group.names.find((each) => each !== group.leader())!;
  const readyCount = group.readyCountOf(name);
  await group.stopOne(name);
  const lineCount = group.lines.length;
  const startedMs = performance.now();
  group.startOne(name);
  await until(group, `${name} is back`, () => group.readyCountOf(name) > readyCount);
  const readyMs = performance.now() - startedMs;
  while (!(await hasApplied(group, Number(name.slice('meta'.length)), index))) await sleep(LOOK_EVERY_MS);
  const caughtUpMs = performance.now() - startedMs;
  const loaded = group.lines.slice(lineCount).find((line) => line.startsWith(`${name} | Loaded after `))!;
  const cpuMs = cpuMsOf(group.pidOf(name)) ?? NaN;
  return { entryCount: index, loadedMs: Number(loaded.split(' ').at(-1)), readyMs, caughtUpMs, cpuMs };
}

/** A node hands out its catalog only when it has applied what was asked for. */
async function hasApplied({ bus }: RunningGroup, peer: number, index: number): Promise<boolean> {
  const to = { subject: SUBJECTS.raftSnapshot(peer), idleTimeoutMs: IDLE_TIMEOUT_MS };
  try {
    const pieces = openStream({ bus, clock: systemClock }, to, { kind: 'raftSnapshot', header: { index }, payload: NO_PAYLOAD });
    for await (const _ of pieces) continue;
    return true;
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    return false;
  }
}
