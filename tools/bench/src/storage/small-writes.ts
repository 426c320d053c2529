import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BatchFile } from '../batch-file.ts';
import { ingest } from '../ingest.ts';
import { quantilesOf, type Quantiles } from '../quantiles.ts';
import { withFreshSystem } from '../running-system.ts';
import type { System } from '../systems.ts';
import { within } from '../figure.ts';
import { ofEach, valuesOf, type Measurement } from '../measurement.ts';
import { repeatedBatches } from '../repeated-batches.ts';
import { INTEGERS, SHAPE_ROUND_MS } from './shapes.ts';

const LOAD_MS = 20_000;
const INTERVAL_MS = 10;
/** More than any system takes in that time. */
const ROUND_COUNT = 1_000;

/** What the thread that writes single rows is told. */
export interface ProbeSettings {
  readonly port: number;
  readonly writePath: string;
  readonly intervalMs: number;
}

/** What it has found. */
export interface Probe {
  readonly latenciesMs: readonly number[];
  /** Answered 503: not among the latencies. */
  readonly refusedCount: number;
}

/** How long one row takes, on a connection that has nothing else to do, while the bulk load, its flushes and its merges run. */
export const SMALL_WRITES: Measurement = {
  name: 'small-writes',
  title: `one row every ${INTERVAL_MS} ms beside ${LOAD_MS / 1_000} s of bulk load, ms from sending it to its ack`,
  async run({ systems, seed, scale }) {
    const batches = INTEGERS.encode(INTEGERS.rowCount * scale, seed);
    try {
      const measured = await ofEach(systems, (system) => probe(system, batches, LOAD_MS * scale));
      return [
        { name: 'p50', better: 'less', values: valuesOf(measured, ({ latencyMs }) => latencyMs.p50) },
        {
          name: 'p99',
          better: 'less',
          values: valuesOf(measured, ({ latencyMs }) => latencyMs.p99),
          bound: within(100, 30),
        },
        { name: 'max', better: 'less', values: valuesOf(measured, ({ latencyMs }) => latencyMs.max) },
        { name: 'single rows', better: 'more', values: valuesOf(measured, ({ latencyMs }) => latencyMs.count) },
        {
          name: 'single rows refused with 503',
          better: 'less',
          values: valuesOf(measured, ({ refusedCount }) => refusedCount),
        },
        {
          name: 'bulk rows/s meanwhile',
          better: 'more',
          values: valuesOf(measured, ({ rowsPerSecond }) => rowsPerSecond),
        },
      ];
    } finally {
      batches.close();
    }
  },
};

interface Probed {
  readonly latencyMs: Quantiles;
  readonly refusedCount: number;
  readonly rowsPerSecond: number;
}

function probe(system: System, batches: BatchFile, loadMs: number): Promise<Probed> {
  return withFreshSystem(system, async (running) => {
    // The database is there, and code that runs for the first time is not what is asked about.
    await ingest(running, { batchCount: 1, batch: (index) => batches.batch(index) });
    const settings: ProbeSettings = { port: running.port, writePath: system.writePath, intervalMs: INTERVAL_MS };
    const worker = new Worker(new URL('./probe-worker.ts', import.meta.url), { workerData: settings });
    const answered = once(worker, 'message') as Promise<[Probe]>; // also rejects when the thread fails
    const startedMs = performance.now();
    const goal = { total: loadMs / 1_000, unit: 'seconds', done: () => (performance.now() - startedMs) / 1_000 };
    const load = repeatedBatches(batches, { roundCount: ROUND_COUNT, roundMs: SHAPE_ROUND_MS });
    const loaded = ingest(running, load, goal).finally(() => worker.postMessage('stop'));
    const [[{ latenciesMs, refusedCount }], { ackMs, elapsedMs }] = await Promise.all([answered, loaded]);
    const rowsPerBatch = batches.rowCount / batches.batchCount;
    return {
      refusedCount,
      latencyMs: quantilesOf(latenciesMs),
      rowsPerSecond: ((ackMs.length * rowsPerBatch) / elapsedMs) * 1_000,
    };
  });
}
