import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BATCH_ROW_COUNT } from './batch-file.ts';
import { measureCluster } from './cluster/measure-cluster.ts';
import { clusterReportOf } from './cluster/cluster-report.ts';
import { metaReportOf } from './meta/meta-report.ts';
import { measureMeta } from './meta/measure-meta.ts';
import { measure, type Figures } from './measure.ts';
import type { Measurement } from './measurement.ts';
import { startProgress } from './progress.ts';
import { profileIngest } from './profile/profile-ingest.ts';
import { profileReportOf } from './profile/profile-report.ts';
import { QUERY_MEASUREMENTS } from './queries/query-measurements.ts';
import { reportOf } from './report.ts';
import { runMeasurements } from './run-measurements.ts';
import { sectionReportOf } from './section-report.ts';
import { STORAGE_MEASUREMENTS } from './storage/storage-measurements.ts';
import { isInstalled, PEERS, VARVE, type System } from './systems.ts';
import { encodeWorkload } from './workload.ts';

const HELP = `Measures Varve from outside: rows like TSBS's cpu over HTTP into a server in its own process.

Usage: npm run bench -- [options]

  --rows N      rows to write, each of 10 tags and 10 integer fields (default 1200000)
  --hosts N     hosts they come from, each reporting every 10 s (default 200)
  --rest N      seconds between the last ack and the look at the data directory (default 30)
  --seed N      the same seed gives the same rows and the same queries (default 1)
  --storage     instead the figures of the storage, each beside what it has to keep to: 1,000,000 rows of 1,000 hosts and
                other shapes of rows, writes under load, restart, scans, aggregates, growth, many series (about 20 minutes;
                with --peers an hour)
  --queries     instead the figures of queries: answers compared to InfluxDB's, the 15 TSBS cpu kinds with 1 and with 4 workers,
                dashboards, the memory of a streamed answer, a cluster of 3 data nodes beside one process (about an hour with
                --peers; without them nothing is compared)
  --only A,B    of --storage only ${namesOf(STORAGE_MEASUREMENTS)};
                of --queries only ${namesOf(QUERY_MEASUREMENTS)}
                (${namesOf(QUERY_MEASUREMENTS.filter(({ isOnRequest }) => isOnRequest))} runs only when it is named here)
  --gzip        of --queries kinds, dashboards and a cluster with 'Accept-Encoding: gzip', as Grafana and TSBS's own runners ask
  --quick       of --storage and --queries a tenth of the rows and of the time: to see whether it runs; the figures say nothing
  --profile     instead the server under node --cpu-prof while it takes 1,000,000 rows: where its time goes
  --cluster     instead of one process a cluster of processes with N = 3: rows/s at each level, memory, kills, hints
  --meta        instead of rows the meta group alone: proposals/s, kills and transfers of the leader, restarts, a large catalog
  --peers       the same against influxd, victoria-metrics and ts-server where they are on the PATH
  --help        this text

Batches of ${BATCH_ROW_COUNT} rows over 4 connections. Only figures of one run on an idle machine can be compared.
`;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1200000' },
    hosts: { type: 'string', default: '200' },
    queries: { type: 'boolean', default: false },
    rest: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    storage: { type: 'boolean', default: false },
    only: { type: 'string' },
    gzip: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    meta: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = values.help ? say(HELP) : await (chosenRun() ?? run)();

function chosenRun(): (() => Promise<number>) | undefined {
  if (values.meta) return runMeta;
  if (values.storage) return () => runSections(STORAGE_MEASUREMENTS);
  if (values.queries) return () => runSections(QUERY_MEASUREMENTS);
  return values.profile ? runProfile : undefined;
}

async function runMeta(): Promise<number> {
  say(`${machineText()}\n`);
  return say(`\n${metaReportOf(await measureMeta())}`);
}

async function runSections(all: readonly Measurement[]): Promise<number> {
  const chosen = chosenOf(all);
  const settings = {
    systems: measuredSystems(),
    seed: wholeNumber('seed'),
    restMs: wholeNumber('rest') * 1_000,
    scale: values.quick ? 0.1 : 1,
    acceptsGzip: values.gzip,
  };
  say(`${machineText()}\n`);
  await runMeasurements(chosen, settings, (section) => say(`\n${sectionReportOf(section)}`));
  return 0;
}

async function runProfile(): Promise<number> {
  say(`${machineText()}\n`);
  return say(`\n${profileReportOf(await profileIngest({ seed: wholeNumber('seed') }))}`);
}

/** Varve first. */
function measuredSystems(): System[] {
  return [VARVE, ...(values.peers ? installedPeers() : [])];
}

function chosenOf(all: readonly Measurement[]): readonly Measurement[] {
  const names = values.only?.split(',');
  if (names === undefined) return all.filter(({ isOnRequest }) => isOnRequest !== true);
  const unknown = names.filter((wanted) => !all.some(({ name }) => name === wanted));
  if (unknown.length === 0) return all.filter(({ name }) => names.includes(name));
  process.stderr.write(`--only does not know ${unknown.join(', ')}; --help lists what there is.\n`);
  process.exit(1);
}

function namesOf(measurements: readonly Measurement[]): string {
  return measurements.map(({ name }) => name).join(', ');
}

async function run(): Promise<number> {
  const rowCount = wholeNumber('rows');
  const hostCount = wholeNumber('hosts');
  const systems = measuredSystems();
  say(`${rowCount} rows of ${hostCount} hosts; ${machineText()}\n`);
  const progress = startProgress({ label: 'encoding', total: rowCount, unit: 'rows' });
  const workload = encodeWorkload({ rowCount, hostCount, seed: wholeNumber('seed'), progress });
  progress.end();
  const figures: Figures[] = [];
  try {
    if (values.cluster) return say(`\n${clusterReportOf(await measureCluster(workload))}`);
    for (const system of systems) {
      figures.push(
        await measure(system, { workload, restMs: wholeNumber('rest') * 1_000 }),
      );
    }
  } finally {
    workload.close();
  }
  return say(`\n${reportOf(figures)}`);
}

/** With how much it has to do beside: only figures of an idle machine can be compared. */
function machineText(): string {
  return `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, load ${loadavg()[0]!.toFixed(1)}`;
}

function installedPeers(): System[] {
  const missing = PEERS.filter(({ program }) => !isInstalled(program));
  for (const { name, program } of missing) say(`${name} is left out: ${program} is not on the PATH\n`);
  return PEERS.filter((peer) => !missing.includes(peer));
}

function wholeNumber(name: 'rows' | 'hosts' | 'rest' | 'seed'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= (name === 'rest' ? 0 : 1)) return value;
  process.stderr.write(`--${name} takes a whole number, not "${values[name]}".\n`);
  process.exit(1);
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
