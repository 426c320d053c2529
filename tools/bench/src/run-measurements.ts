import { loadavg } from 'node:os';
import type { Measurement, MeasurementSettings } from './measurement.ts';
import type { Section } from './section-report.ts';

/** Runs measurements one after the other; `onSection` gets each when it is there, as all of them take long. */
export async function runMeasurements(
  measurements: readonly Measurement[],
  settings: MeasurementSettings,
  onSection: (section: Section) => void,
): Promise<void> {
  for (const { name, title, columns, run } of measurements) {
    const load = loadavg()[0]!.toFixed(1); // what else this machine had to do
    const figures = await run(settings);
    const systemNames = columns ?? settings.systems.map((system) => system.name);
    onSection({ title: `${name}: ${title} (load ${load} before)`, systemNames, figures });
  }
}
