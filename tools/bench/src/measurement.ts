import type { System } from './systems.ts';
import type { Figure } from './figure.ts';

/** What holds for all measurements of one run. */
export interface MeasurementSettings {
  /** Varve first, then the peers. */
  readonly systems: readonly System[];
  readonly seed: number;
  /** From the last ack to the look at the directory. */
  readonly restMs: number;
  /** Row counts are multiplied by it; 1 but for a quick look. */
  readonly scale: number;
  /** Whether questions that are timed let answers come packed. */
  readonly acceptsGzip: boolean;
}

/** One thing that is measured, on every system that takes it. */
export interface Measurement {
  /** What `--only` calls it. */
  readonly name: string;
  readonly title: string;
  /** Of its report, the measured one first, where these are not the systems of the run. */
  readonly columns?: readonly [string, ...string[]];
  /** Runs only when `--only` names it. */
  readonly isOnRequest?: boolean;
  run(settings: MeasurementSettings): Promise<readonly Figure[]>;
}

/** Measures one system after the other. A system whose measurement fails has its reason as the figure, and the others go on. */
export async function ofEach<Measured>(
  systems: readonly System[],
  measure: (system: System) => Promise<Measured>,
): Promise<ReadonlyMap<string, Measured | string>> {
  const measured = new Map<string, Measured | string>();
  for (const system of systems) {
    try {
      measured.set(system.name, await measure(system));
    } catch (error) {
      process.stderr.write(`${system.name} failed: ${String(error)}\n`);
      measured.set(system.name, 'failed');
    }
  }
  return measured;
}

/** One figure of what was measured of each system. */
export function valuesOf<Measured extends object>(
  measured: ReadonlyMap<string, Measured | string>,
  value: (of: Measured) => number | string | undefined,
): Figure['values'] {
  return new Map([...measured].map(([name, of]) => [name, typeof of === 'string' ? of : value(of)]));
}
