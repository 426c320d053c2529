import { memoryOfTree, type Memory } from './footprint.ts';
import { ingest, rest } from './ingest.ts';
import { withFreshSystem } from './running-system.ts';
import type { System } from './systems.ts';
import { FIELDS, type Workload } from './workload.ts';

export interface Settings {
  readonly workload: Workload;
  /** From the last ack to the look at the directory. */
  readonly restMs: number;
}

/** What one system did. Absent memory: this machine has no /proc. */
export interface Figures {
  readonly system: System;
  readonly rowsPerSecond: number;
  readonly bytesPerValue: number;
  readonly atLastAck: Memory | undefined;
  readonly atRest: Memory | undefined;
}

/** Starts a system on a fresh directory, writes, rests, and stops it. */
export async function measure(system: System, settings: Settings): Promise<Figures> {
  return withFreshSystem(system, async (running) => {
    const { elapsedMs } = await ingest(running, settings.workload);
    const atLastAck = memoryOfTree(running.pid);
    await rest(system, settings.restMs);
    const atRest = memoryOfTree(running.pid);
    const sizeBytes = running.dataSizeBytes();
    const { rowCount } = settings.workload;
    return {
      system,
      rowsPerSecond: (rowCount / elapsedMs) * 1_000,
      bytesPerValue: sizeBytes / (rowCount * FIELDS.length),
      atLastAck,
      atRest,
    };
  });
}
