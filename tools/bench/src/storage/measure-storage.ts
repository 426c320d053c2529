import { loadavg } from 'node:os';
import { AGGREGATES } from './aggregates.ts';
import { GROWTH } from './growth.ts';
import { MANY_SERIES } from './many-series.ts';
import type { Measurement, StorageSettings } from './measurement.ts';
import { RESTART } from './restart.ts';
import { SCAN } from './scan.ts';
import { SHAPE_MEASUREMENTS } from './shape-ingest.ts';
import { SMALL_WRITES } from './small-writes.ts';
import type { Section } from './storage-report.ts';

/** In the order in which they run and are reported. */
export const MEASUREMENTS: readonly Measurement[] = [
  ...SHAPE_MEASUREMENTS,
  SMALL_WRITES,
  RESTART,
  SCAN,
  AGGREGATES,
  GROWTH,
  MANY_SERIES,
];

/** Runs measurements one after the other; `onSection` gets each when it is there, as all of them take long. */
export async function measureStorage(
  measurements: readonly Measurement[],
  settings: StorageSettings,
  onSection: (section: Section) => void,
): Promise<void> {
  for (const { name, title, run } of measurements) {
    const load = loadavg()[0]!.toFixed(1); // what else this machine had to do
    onSection({ title: `${name}: ${title} (load ${load} before)`, figures: await run(settings) });
  }
}
