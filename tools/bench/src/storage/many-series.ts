import { Prng } from '@varve/base';
import { BATCH_ROW_COUNT, encodeBatches, type BatchFile } from '../batch-file.ts';
import { memoryOfTree } from '../footprint.ts';
import { expectOk, openClient } from '../http-client.ts';
import { ingest, rest } from '../ingest.ts';
import { startProgress } from '../progress.ts';
import { quantilesOf, type Quantiles } from '../quantiles.ts';
import { readAnswer } from '../read-answer.ts';
import { withFreshSystem, type Running } from '../running-system.ts';
import type { System } from '../systems.ts';
import { START_MS } from '../workload.ts';
import { within } from '../figure.ts';
import { ofEach, valuesOf, type Measurement } from '../measurement.ts';
import { cpuLines } from './shapes.ts';

const MIB = 2 ** 20;
const SERIES_COUNT = 1_000_000;
const QUERY_COUNT = 50;

/** A million hosts that have reported once, and then one of them is asked for. */
export const MANY_SERIES: Measurement = {
  name: 'many-series',
  title: '1,000,000 series of one row each, then queries by one tag, each for another host',
  async run({ systems, seed, scale, restMs }) {
    const seriesCount = SERIES_COUNT * scale;
    const random = new Prng(seed);
    const progress = startProgress({ label: 'encoding many series', total: seriesCount, unit: 'rows' });
    const value = (): string => `${random.between(0, 100)}i`;
    const lineOf = cpuLines({ hostCount: seriesCount, random, value });
    const batches = encodeBatches({ rowCount: seriesCount, lineOf, progress, batchRowCount: BATCH_ROW_COUNT });
    progress.end();
    try {
      const measured = await ofEach(systems, (system) => writeAndAsk(system, { batches, restMs, seed }));
      return [
        { name: 'rows/s', better: 'more', values: valuesOf(measured, ({ rowsPerSecond }) => rowsPerSecond) },
        {
          name: 'query by one tag, ms p50',
          better: 'less',
          values: valuesOf(measured, ({ queryMs }) => queryMs.p50),
          bound: within(50, 10),
        },
        { name: 'query by one tag, ms max', better: 'less', values: valuesOf(measured, ({ queryMs }) => queryMs.max) },
        {
          name: 'resident MiB after the queries',
          better: 'less',
          values: valuesOf(measured, ({ residentBytes }) => residentBytes && residentBytes / MIB),
          bound: within(1_500, 700),
        },
      ];
    } finally {
      batches.close();
    }
  },
};

interface Asked {
  readonly rowsPerSecond: number;
  readonly queryMs: Quantiles;
  readonly residentBytes: number | undefined;
}

function writeAndAsk(
  system: System,
  { batches, restMs, seed }: { readonly batches: BatchFile; readonly restMs: number; readonly seed: number },
): Promise<Asked> {
  return withFreshSystem(system, async (running) => {
    const { elapsedMs } = await ingest(running, batches);
    await rest(system, restMs);
    const queryMs = await ask(running, batches.rowCount, new Prng(seed));
    const residentBytes = memoryOfTree(running.pid)?.residentBytes;
    return { rowsPerSecond: (batches.rowCount / elapsedMs) * 1_000, queryMs, residentBytes };
  });
}

async function ask({ system, port }: Running, hostCount: number, random: Prng): Promise<Quantiles> {
  const client = openClient(port);
  const progress = startProgress({ label: `${system.name}: asking`, total: QUERY_COUNT, unit: 'queries' });
  const elapsedMs: number[] = [];
  for (let count = 1; count <= QUERY_COUNT; count += 1) {
    const path = system.valuePath({
      field: 'usage_user',
      host: `host_${random.between(0, hostCount - 1)}`,
      atMs: START_MS,
    });
    const startedMs = performance.now();
    const answer = await expectOk(client.get(path));
    elapsedMs.push(performance.now() - startedMs);
    const { problem } = readAnswer(answer);
    if (problem !== undefined) throw new Error(`a host that has reported: ${problem}`);
    progress.at(count);
  }
  progress.end();
  client.close();
  return quantilesOf(elapsedMs);
}
