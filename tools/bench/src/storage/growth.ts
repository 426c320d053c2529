import type { BatchFile } from '../batch-file.ts';
import { memoryOfTree } from '../footprint.ts';
import { ingest } from '../ingest.ts';
import { withFreshSystem } from '../running-system.ts';
import type { System } from '../systems.ts';
import { within, type Figure } from '../figure.ts';
import { ofEach, valuesOf, type Measurement } from '../measurement.ts';
import { repeatedBatches } from '../repeated-batches.ts';
import { INTEGERS, SHAPE_ROUND_MS } from './shapes.ts';

const MIB = 2 ** 20;
const ROUND_COUNT = 10;

/** Whether writing becomes dearer as data grows: ten million rows against one, each from the start; and million by million. */
export const GROWTH: Measurement = {
  name: 'growth',
  title: 'cpu rows, 10 integer fields: 10 M against 1 M, both from the start',
  async run({ systems, seed, scale }) {
    const batches = INTEGERS.encode(INTEGERS.rowCount * scale, seed);
    try {
      const measured = await ofEach(systems, (system) => grow(system, batches));
      const million = (name: string, rateOf: (rates: readonly number[]) => number): Figure => ({ name: `rows/s, ${name}`, better: 'more', values: valuesOf(measured, ({ byMillion }) => rateOf(byMillion)) });
      return [
        million('1 M rows', (rates) => rates[0]!),
        { name: 'rows/s, 10 M rows', better: 'more', values: valuesOf(measured, ({ whole }) => whole) },
        {
          name: 'falls by, %',
          better: 'less',
          values: valuesOf(measured, ({ byMillion, whole }) => (1 - whole / byMillion[0]!) * 100),
          bound: within(20, 5),
        },
        million('fastest million', (rates) => Math.max(...rates)),
        million('slowest million', (rates) => Math.min(...rates)),
        million('last million', (rates) => rates.at(-1)!),
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
  /** Rows per second, of each round and of all. */
  readonly byMillion: readonly number[];
  readonly whole: number;
  readonly residentBytes: number | undefined;
}

function grow(system: System, batches: BatchFile): Promise<Growth> {
  return withFreshSystem(system, async (running) => {
    const { ackMs } = await ingest(
      running,
      repeatedBatches(batches, { roundCount: ROUND_COUNT, roundMs: SHAPE_ROUND_MS }),
    );
    const residentBytes = memoryOfTree(running.pid)?.residentBytes;
    const { batchCount, rowCount } = batches;
    const endMs = (round: number): number => (round === 0 ? 0 : ackMs[round * batchCount - 1]!);
    const byMillion = Array.from({ length: ROUND_COUNT }, (_, round) => (rowCount / (endMs(round + 1) - endMs(round))) * 1_000);
    return { byMillion, whole: ((rowCount * ROUND_COUNT) / endMs(ROUND_COUNT)) * 1_000, residentBytes };
  });
}
