import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchFile } from '../batch-file.ts';
import { cpuMsByThread } from '../footprint.ts';
import { ingest, rest } from '../ingest.ts';
import { launch, withFreshDirectory, type Running } from '../running-system.ts';
import { INTEGERS } from '../storage/shapes.ts';
import { varveWith } from '../systems.ts';
import { selfTimesOf, type CpuProfile, type SelfTime } from './cpu-profile.ts';

/** By then it has flushed what is left in memory because of its age. */
const REST_MS = 20_000;

/** What the server did from its start to its end: while it took the rows, and when it flushed the last of them. */
export interface IngestProfile {
  readonly rowCount: number;
  readonly elapsedMs: number;
  /** Functions of the main thread; the threads of the stores are started without the profiler. */
  readonly main: readonly SelfTime[];
  /** Processor time of all threads, by name; undefined: this machine cannot say. */
  readonly cpuMsByThread: ReadonlyMap<string, number> | undefined;
}

/** Rows as those of the measurement `integers`, into a server that is profiled. */
export async function profileIngest({ seed }: { readonly seed: number }): Promise<IngestProfile> {
  const batches = INTEGERS.encode(INTEGERS.rowCount, seed);
  try {
    return await withFreshDirectory(async (directory) => {
      const profiles = join(directory, 'profiles');
      const running = await launch(varveWith({ nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${profiles}`] }), directory);
      const written = await writeAndRest(running, batches).finally(() => running.stop());
      return { rowCount: batches.rowCount, main: selfTimesOf(readProfile(profiles)), ...written };
    });
  } finally {
    batches.close();
  }
}

async function writeAndRest(
  running: Running,
  batches: BatchFile,
): Promise<Pick<IngestProfile, 'elapsedMs' | 'cpuMsByThread'>> {
  const { elapsedMs } = await ingest(running, batches);
  await rest(running.system, REST_MS);
  return { elapsedMs, cpuMsByThread: cpuMsByThread(running.pid) };
}

/** It is written when the process ends. */
function readProfile(directory: string): CpuProfile {
  const [name] = readdirSync(directory);
  if (name === undefined) throw new Error('the server has left no profile');
  return JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile;
}
