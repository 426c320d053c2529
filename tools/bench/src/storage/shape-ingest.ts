import type { BatchFile } from '../batch-file.ts';
import { cpuMsOf, memoryOfTree, type Memory } from '../footprint.ts';
import { ingest, rest } from '../ingest.ts';
import { withFreshSystem } from '../running-system.ts';
import type { System } from '../systems.ts';
import { within, type Bound, type Figure } from '../figure.ts';
import { ofEach, valuesOf, type Measurement, type MeasurementSettings } from '../measurement.ts';
import { DECIMALS, INTEGERS, SHAPES, type Shape } from './shapes.ts';

const MIB = 2 ** 20;

/** By shape: only the friendly ones have bounds. */
const BOUNDS: ReadonlyMap<Shape, ShapeBounds> = new Map([
  [INTEGERS, boundsOf(within(0.5, 0.3))],
  [DECIMALS, boundsOf(within(1.5, 1))],
]);

interface ShapeBounds {
  readonly bytesPerValue: Bound;
  readonly rowsPerSecond: Bound;
  readonly residentMib: Bound;
}

interface Ingest {
  readonly rowsPerSecond: number;
  readonly bytesPerValue: number;
  /** Of the whole process until it had rested: other work on the machine changes it least. */
  readonly cpuMs: number | undefined;
  readonly rowCount: number;
  readonly retryCount: number;
  readonly atLastAck: Memory | undefined;
  readonly atRest: Memory | undefined;
}

/** Rows of each shape: how fast they are taken, what they take on disk after a rest, and in memory. */
export const SHAPE_MEASUREMENTS: readonly Measurement[] = SHAPES.map((shape) => ({
  ...{ name: shape.name, title: shape.title },
  run: (settings) => measureShape(shape, settings),
}));

async function measureShape(
  shape: Shape,
  { systems, seed, restMs, scale }: MeasurementSettings,
): Promise<readonly Figure[]> {
  const batches = shape.encode(shape.rowCount * scale, seed);
  try {
    const takers = systems.filter(({ takesStrings }) => takesStrings || !shape.hasStrings);
    const measured = await ofEach(takers, (system) => write(system, { batches, shape, restMs }));
    return figuresOf(shape, measured);
  } finally {
    batches.close();
  }
}

function write(
  system: System,
  { batches, shape, restMs }: { readonly batches: BatchFile; readonly shape: Shape; readonly restMs: number },
): Promise<Ingest> {
  return withFreshSystem(system, async (running) => {
    const { elapsedMs, retryCount } = await ingest(running, batches);
    const atLastAck = memoryOfTree(running.pid);
    await rest(system, restMs);
    return {
      ...{ rowsPerSecond: (batches.rowCount / elapsedMs) * 1_000, atLastAck, atRest: memoryOfTree(running.pid) },
      ...{ cpuMs: cpuMsOf(running.pid), rowCount: batches.rowCount, retryCount },
      bytesPerValue: running.dataSizeBytes() / (batches.rowCount * shape.fieldCount),
    };
  });
}

function figuresOf(shape: Shape, measured: ReadonlyMap<string, Ingest | string>): readonly Figure[] {
  const bounds = BOUNDS.get(shape);
  const mib = (sizeBytes: number | undefined): number | undefined => sizeBytes && sizeBytes / MIB;
  return [
    {
      name: 'rows/s',
      better: 'more',
      values: valuesOf(measured, ({ rowsPerSecond }) => rowsPerSecond),
      bound: bounds?.rowsPerSecond,
    },
    {
      name: 'values/s',
      better: 'more',
      values: valuesOf(measured, ({ rowsPerSecond }) => rowsPerSecond * shape.fieldCount),
    },
    { name: 'batches refused with 503', better: 'less', values: valuesOf(measured, ({ retryCount }) => retryCount) },
    {
      name: 'processor s per M rows',
      better: 'less',
      values: valuesOf(measured, ({ cpuMs, rowCount }) => cpuMs && (cpuMs / rowCount) * 1_000),
    },
    {
      name: 'bytes/value',
      better: 'less',
      values: valuesOf(measured, ({ bytesPerValue }) => bytesPerValue),
      bound: bounds?.bytesPerValue,
    },
    {
      name: 'resident MiB at the last ack',
      better: 'less',
      values: valuesOf(measured, ({ atLastAck }) => mib(atLastAck?.residentBytes)),
      bound: bounds?.residentMib,
    },
    {
      name: 'resident MiB at rest',
      better: 'less',
      values: valuesOf(measured, ({ atRest }) => mib(atRest?.residentBytes)),
    },
    { name: 'peak MiB', better: 'less', values: valuesOf(measured, ({ atRest }) => mib(atRest?.peakBytes)) },
  ];
}

function boundsOf(bytesPerValue: Bound): ShapeBounds {
  return { bytesPerValue, rowsPerSecond: { of: 'best peer', floor: 1.3, aim: 2.2 }, residentMib: within(300, 150) };
}
