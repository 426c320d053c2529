import { parseArgs } from 'node:util';
import { PLANTED_BUGS, PLANTED_CLUSTER_BUGS, runCluster, runEmbedded, type ClusterRun, type EmbeddedRun } from '@varve/sim';

const HELP = `Runs the database in a simulation: writes, crashes, restarts, reads, compares.

Usage: npm run sim -- [options]

  --seed N      the first seed (default 1); the same seed gives the same run and the same trace hash
  --seeds N     how many seeds, one after the other (default 1)
  --cluster     nine processes with replicas instead of one, and a network with faults
  --crashes N   crashes per run, with --cluster troubles of all kinds (default 5)
  --bug NAME    plants a bug, which must be caught: ${Object.keys(PLANTED_BUGS).join(', ')};
                with --cluster: ${Object.keys(PLANTED_CLUSTER_BUGS).join(', ')}
  --trace       prints a line per event
  --help        this text
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    cluster: { type: 'boolean', default: false },
    crashes: { type: 'string', default: '5' },
    bug: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = values.help ? help() : await runAll();

function help(): number {
  process.stdout.write(HELP);
  return 0;
}

async function runAll(): Promise<number> {
  const [firstSeed, seedCount] = [values.seed, values.seeds].map(Number) as [number, number];
  const bugs = Object.keys(values.cluster ? PLANTED_CLUSTER_BUGS : PLANTED_BUGS);
  if (values.bug !== undefined && !bugs.includes(values.bug)) {
    process.stderr.write(`No bug is called "${values.bug}"; there are: ${bugs.join(', ')}.\n`);
    return 1;
  }
  let failedCount = 0;
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed += 1) {
    const { line, problems } = await (values.cluster ? cluster(seed) : embedded(seed));
    process.stdout.write(`${line}\n`);
    for (const problem of problems.slice(0, 10)) process.stdout.write(`  ${problem}\n`);
    if (problems.length > 0) failedCount += 1;
  }
  process.stdout.write(`${seedCount - failedCount} of ${seedCount} seeds without a problem.\n`);
  return failedCount === 0 ? 0 : 1;
}

interface Ran {
  readonly line: string;
  readonly problems: readonly string[];
}

async function embedded(seed: number): Promise<Ran> {
  const filter = PLANTED_BUGS[values.bug ?? ''];
  const run = await runEmbedded({ seed, crashCount: Number(values.crashes), ...(filter && { filter }), ...tracing() });
  return { line: embeddedLine(run), problems: run.problems };
}

async function cluster(seed: number): Promise<Ran> {
  const seams = PLANTED_CLUSTER_BUGS[values.bug ?? '']?.() ?? {};
  const run = await runCluster({ seed, seams, troubleCount: Number(values.crashes), ...tracing() });
  return { line: clusterLine(run), problems: run.problems };
}

function tracing(): { readonly onLine?: (line: string) => void } {
  return values.trace ? { onLine: (line) => void process.stdout.write(`${line}\n`) } : {};
}

function embeddedLine({ seed, traceHash, eventCount, crashCount, ackedCount, cellCount, interrupted, problems }: EmbeddedRun): string {
  const cutOff = `${interrupted.write} hit a write, ${interrupted.flush} a flush, ${interrupted.trim} a trim`;
  return `seed ${seed}: ${verdictOf(problems)}, trace ${traceHash}, ${eventCount} events, ${ackedCount} acknowledged values on ${cellCount} cells, ${crashCount} crashes (${cutOff})`;
}

function clusterLine({ seed, traceHash, eventCount, counts, problems }: ClusterRun): string {
  const totals = Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(', ');
  return `seed ${seed}: ${verdictOf(problems)}, trace ${traceHash}, ${eventCount} events, ${totals}`;
}

function verdictOf(problems: readonly string[]): string {
  return problems.length === 0 ? 'ok' : `${problems.length} problems`;
}
