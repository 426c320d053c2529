import { expectOk, openClient, type HttpClient } from '../http-client.ts';
import { ingest, rest } from '../ingest.ts';
import { startProgress } from '../progress.ts';
import { quantilesOf } from '../quantiles.ts';
import { readAnswer } from '../read-answer.ts';
import { withFreshSystem } from '../running-system.ts';
import type { System } from '../systems.ts';
import type { BatchFile } from '../batch-file.ts';
import type { Figure } from '../figure.ts';
import { ofEach, valuesOf, type Measurement } from '../measurement.ts';
import { INTEGERS } from './shapes.ts';

/** What can be answered from summaries of blocks, without decoding one value. */
const SUMMARIZED = ['count', 'min', 'max', 'sum', 'mean'];
/** What cannot. */
const DECODED = 'stddev';
const REPEAT_COUNT = 5;

/** Aggregates over all there is, beside one that has to look at every value. */
export const AGGREGATES: Measurement = {
  name: 'aggregates',
  title: `aggregates of one field over a whole shard of 1 M rows, ms by the median of ${REPEAT_COUNT}`,
  async run({ systems, seed, scale, restMs }) {
    const batches = INTEGERS.encode(INTEGERS.rowCount * scale, seed);
    try {
      const speakers = systems.filter(({ influxqlPath }) => influxqlPath('') !== undefined);
      const measured = await ofEach(speakers, (system) => writeAndAsk(system, batches, restMs));
      return [...SUMMARIZED, DECODED].flatMap((name) => figuresOf(name, measured));
    } finally {
      batches.close();
    }
  },
};

/** Milliseconds by the name of the function. */
type Times = ReadonlyMap<string, number>;

function figuresOf(name: string, measured: ReadonlyMap<string, Times | string>): readonly Figure[] {
  const time: Figure = { name, better: 'less', values: valuesOf(measured, (times) => times.get(name)) };
  const ratio = (times: Times): number => times.get(DECODED)! / times.get(name)!;
  if (name === DECODED) return [time];
  return [time, { name: `${DECODED} : ${name}`, better: 'more', values: valuesOf(measured, ratio) }];
}

function writeAndAsk(system: System, batches: BatchFile, restMs: number): Promise<Times> {
  return withFreshSystem(system, async (running) => {
    await ingest(running, batches);
    await rest(system, restMs);
    const names = [...SUMMARIZED, DECODED];
    const client = openClient(running.port);
    const progress = startProgress({ label: `${system.name}: asking`, total: names.length, unit: 'functions' });
    const times = new Map<string, number>();
    for (const name of names) {
      times.set(name, await timeOf(client, system.influxqlPath(`SELECT ${name}(usage_user) FROM cpu`)!));
      progress.at(times.size);
    }
    progress.end();
    client.close();
    return times;
  });
}

/** The first one is not counted: it warms up. */
async function timeOf(client: HttpClient, path: string): Promise<number> {
  const { problem } = readAnswer(await expectOk(client.get(path)));
  if (problem !== undefined) throw new Error(problem);
  const elapsedMs: number[] = [];
  for (let count = 0; count < REPEAT_COUNT; count += 1) {
    const startedMs = performance.now();
    await expectOk(client.get(path));
    elapsedMs.push(performance.now() - startedMs);
  }
  return quantilesOf(elapsedMs).p50;
}
