import type { BatchFile } from '../batch-file.ts';
import { memoryOfTree } from '../footprint.ts';
import { ingest } from '../ingest.ts';
import { withFreshSystem } from '../running-system.ts';
import type { System } from '../systems.ts';
import { within } from './figure.ts';
import { ofEach, valuesOf, type Measurement } from './measurement.ts';
import { repeatedBatches } from './repeated-batches.ts';
import { INTEGERS, SHAPE_ROUND_MS } from './shapes.ts';

const MIB = 2 ** 20;
const ROUND_COUNT = 10;
/** Of the first million: code that runs for the first time is slower, and would hide what growth costs. */
const WARM_UP_SHARE = 0.2;

/** Whether writing becomes dearer as data grows: ten times the rows, the last tenth against the first. */
export const GROWTH: Measurement = {
  name: 'growth',
  title: 'cpu rows, 10 integer fields, 10 M: the last million against the first',
  async run({ systems, seed, scale }) {
    const batches = INTEGERS.encode(INTEGERS.rowCount * scale, seed);
    try {
      const measured = await ofEach(systems, (system) => grow(system, batches));
      return [
        { name: 'rows/s, first million', better: 'more', values: valuesOf(measured, ({ first }) => first) },
        { name: 'rows/s, last million', better: 'more', values: valuesOf(measured, ({ last }) => last) },
        {
          name: 'falls by, %',
          better: 'less',
          values: valuesOf(measured, ({ first, last }) => (1 - last / first) * 100),
          bound: within(20, 5),
        },
        {
          name: 'resident MiB at the last ack',
          better: 'less',
          values: valuesOf(measured, ({ residentBytes }) => residentBytes && residentBytes / MIB),
        },
      ];
    } finally {
      batches.close();
    }
  },
};

interface Growth {
  readonly first: number;
  readonly last: number;
  readonly residentBytes: number | undefined;
}

function grow(system: System, batches: BatchFile): Promise<Growth> {
  return withFreshSystem(system, async (running) => {
    const { ackMs } = await ingest(
      running,
      repeatedBatches(batches, { roundCount: ROUND_COUNT, roundMs: SHAPE_ROUND_MS }),
    );
    const perSecond = (ms: number): number => (batches.rowCount / ms) * 1_000;
    const residentBytes = memoryOfTree(running.pid)?.residentBytes;
    const { batchCount } = batches;
    const warm = Math.floor(batchCount * WARM_UP_SHARE);
    const elapsedMs = (fromBatch: number): number => ackMs[fromBatch + batchCount]! - ackMs[fromBatch]!;
    return {
      first: perSecond(elapsedMs(warm)),
      last: perSecond(elapsedMs(ackMs.length - 1 - batchCount)),
      residentBytes,
    };
  });
}
