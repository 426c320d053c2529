import type { BatchFile } from '../batch-file.ts';
import { ingest, rest } from '../ingest.ts';
import type { MeasurementSettings } from '../measurement.ts';
import { startProgress } from '../progress.ts';
import { repeatedBatches } from '../repeated-batches.ts';
import { withFreshSystem, type Endpoint } from '../running-system.ts';
import { encodeWorkload, START_MS } from '../workload.ts';
import type { Written } from './query-kinds.ts';

/** As many as TSBS's usual set has. */
export const HOST_COUNT = 200;

/** Rows to ask about, and how many times over they are written, each time as much later as they are long. */
export interface RowsWanted {
  readonly rowCount: number;
  readonly roundCount: number;
}

/** Rows of {@link HOST_COUNT} hosts, and what they will have written. */
export interface Rows extends Written {
  readonly batches: Pick<BatchFile, 'rowCount' | 'batchCount' | 'batch'>;
}

/** Encodes rows and, whatever comes, removes them. */
export async function withRows<Found>(
  { rowCount, roundCount }: RowsWanted,
  { seed, scale }: MeasurementSettings,
  use: (rows: Rows) => Promise<Found>,
): Promise<Found> {
  const total = rowCount * scale;
  const progress = startProgress({ label: 'encoding', total, unit: 'rows' });
  const workload = encodeWorkload({ rowCount: total, hostCount: HOST_COUNT, seed, progress });
  progress.end();
  try {
    const roundMs = workload.endMs - START_MS;
    return await use({
      batches: repeatedBatches(workload, { roundCount, roundMs }),
      hostCount: HOST_COUNT,
      endMs: START_MS + roundCount * roundMs,
    });
  } finally {
    workload.close();
  }
}

/** Starts all systems beside each other, so that they are asked within the same minutes, writes the same rows to each, rests, and stops them. */
export async function withWrittenSystems<Found>(
  settings: MeasurementSettings,
  wanted: RowsWanted,
  use: (all: readonly Endpoint[], written: Written) => Promise<Found>,
): Promise<Found> {
  const { systems, restMs } = settings;
  return withRows(wanted, settings, (rows) => {
    const startNext = async (all: readonly Endpoint[]): Promise<Found> => {
      const system = systems[all.length];
      if (system !== undefined) {
        return withFreshSystem(system, async (running) => {
          await ingest(running, rows.batches);
          return startNext([...all, running]);
        });
      }
      await rest(all.at(-1)!.system, restMs);
      return use(all, rows);
    };
    return startNext([]);
  });
}
