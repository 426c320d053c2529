import { within, type Figure } from '../figure.ts';
import type { Measurement, MeasurementSettings } from '../measurement.ts';
import { startProgress } from '../progress.ts';
import { quantilesOf } from '../quantiles.ts';
import type { Endpoint } from '../running-system.ts';
import { compareAnswers } from './answers.ts';
import { LoadThreads, type Load, type Rate } from './load.ts';
import { PANELS, type Written } from './query-kinds.ts';
import { withWrittenSystems } from './written-systems.ts';

const DASHBOARD_COUNT = 32;
const HOSTS_PER_DASHBOARD = 8;
const THREAD_COUNT = 2;
/** Drawn ahead; a dashboard that comes through begins again. */
const REFRESH_COUNT = 500;
const WARM_UP_MS = 5_000;
const ROUND_MS = 10_000;
const ROUND_COUNT = 3;
const COMPARED_COUNT = 10;

/** Many people look at once: each dashboard asks for its panels together, moves its windows on, and asks again. */
export const DASHBOARDS: Measurement = {
  name: 'dashboards',
  title: `${DASHBOARD_COUNT} dashboards of ${PANELS.length} panels, refreshed as fast as answers come; median of ${ROUND_COUNT} rounds of ${ROUND_MS / 1_000} s behind ${WARM_UP_MS / 1_000} s of warm-up; 1.2 M rows`,
  run: (settings) =>
    withWrittenSystems(settings, { rowCount: 1_200_000, roundCount: 1 }, async (all, written) => [
      await comparePanels(all, written, settings),
      ...figuresOf(await askInTurns(all, written, settings)),
    ]),
};

function comparePanels(
  all: readonly Endpoint[],
  written: Written,
  { seed, scale }: MeasurementSettings,
): Promise<Figure> {
  const questions = PANELS.map(({ name, questionAt }) => ({
    name,
    draw: (_: unknown, index: number) => questionAt(index, hostsOf(index, written), written),
  }));
  return compareAnswers(all, { questions, seed, count: Math.ceil(COMPARED_COUNT * scale) });
}

async function askInTurns(
  all: readonly Endpoint[],
  written: Written,
  { scale, acceptsGzip }: MeasurementSettings,
): Promise<ReadonlyMap<string, readonly Rate[]>> {
  const threads = new LoadThreads(THREAD_COUNT);
  const roundCount = scale < 1 ? 1 : ROUND_COUNT;
  const progress = startProgress({ label: 'dashboards', total: all.length * (roundCount + 1), unit: 'rounds' });
  const rates = new Map(all.map(({ system }) => [system.name, [] as Rate[]]));
  let doneCount = 0;
  try {
    for (let round = 0; round <= roundCount; round += 1)
      for (const running of all) {
        const durationMs = (round === 0 ? WARM_UP_MS : ROUND_MS) * scale;
        const rate = await threads.run(loadsOf(running, written, { durationMs, acceptsGzip }));
        if (round > 0) rates.get(running.system.name)!.push(rate);
        progress.at((doneCount += 1));
      }
    return rates;
  } finally {
    progress.end();
    await threads.close();
  }
}

/** Dashboards dealt out to threads, a connection for each panel. */
function loadsOf({ system, port }: Endpoint, written: Written, round: Pick<Load, 'durationMs' | 'acceptsGzip'>): readonly Load[] {
  const groups = Array.from({ length: DASHBOARD_COUNT }, (_, dashboard) => {
    const hosts = hostsOf(dashboard, written);
    return PANELS.map(({ questionAt }) =>
      Array.from({ length: REFRESH_COUNT }, (__, refresh) =>
        system.queryPath(questionAt(dashboard * REFRESH_COUNT + refresh, hosts, written))!,
      ),
    );
  });
  return Array.from({ length: THREAD_COUNT }, (_, thread) => ({
    ...{ ...round, port },
    groups: groups.filter((__, dashboard) => dashboard % THREAD_COUNT === thread),
  }));
}

function hostsOf(dashboard: number, { hostCount }: Written): readonly string[] {
  return Array.from(
    { length: HOSTS_PER_DASHBOARD },
    (_, host) => `host_${(dashboard * HOSTS_PER_DASHBOARD + host) % hostCount}`,
  );
}

function figuresOf(rates: ReadonlyMap<string, readonly Rate[]>): readonly Figure[] {
  const median = (value: (rate: Rate) => number): Figure['values'] =>
    new Map([...rates].map(([name, each]) => [name, quantilesOf(each.map(value)).p50]));
  for (const [name, each] of rates)
    for (const { failure } of each)
      if (failure !== undefined) process.stderr.write(`${name} failed a panel: ${failure}\n`);
  return [
    { name: 'queries/s', better: 'more', values: median(({ perSecond }) => perSecond) },
    { name: 'one panel, p50 ms', better: 'less', values: median(({ p50Ms }) => p50Ms) },
    { name: 'one panel, p99 ms', better: 'less', values: median(({ p99Ms }) => p99Ms) },
    {
      name: 'failed',
      better: 'less',
      values: new Map([...rates].map(([name, each]) => [name, each.reduce((sum, { failureCount }) => sum + failureCount, 0)])),
      bound: within(0, 0),
    },
  ];
}
