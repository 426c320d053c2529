import { parseArgs } from 'node:util';
import { RAFT_EVENTS, RAFT_FAULTS, runRaft, totalOf, type RaftRun, type RaftUnderTest } from '@varve/sim';
import { PLANTED_RAFT_BUGS, plantRaftBug } from '@varve/sim/testing';
import { RaftProgress } from './raft-progress.ts';

const HELP = `Runs Raft groups in a simulation, under all faults, and checks every invariant at every step.

Usage: npm run sim:raft -- [options]

  --seeds N     how many seeds, one after the other (default 2000)
  --from S      the first of them (default 1)
  --seed S      this one only; the same seed gives the same run and the same trace hash
  --trace       with --seed: prints a line for everything that happens
  --bug NAME    with --seed or --seeds: plants a bug, which must be caught; a failing seed is a good one then
  --mutants     plants each bug in turn and shows the seed that catches it, of --seeds at most (default 5000)
  --help        this text

Exit code 1 when a seed has found a problem, or a bug was caught by none. Bugs:
${Object.keys(PLANTED_RAFT_BUGS).map((name) => `  ${name}\n`).join('')}`;

const PROBLEM_COUNT_MAX = 10;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    bug: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = values.help ? help() : await runAll();

function help(): number {
  process.stdout.write(HELP);
  return 0;
}

async function runAll(): Promise<number> {
  const numbers = [values.from, values.seed ?? '1', values.seeds ?? '1'];
  if (numbers.some((each) => !/^\d+$/.test(each))) return refuse('Seeds and their number are whole numbers.');
  if (values.bug !== undefined && PLANTED_RAFT_BUGS[values.bug] === undefined) return refuse(`No bug is called "${values.bug}"; --help lists them.`);
  if (values.mutants) return await plantAll(Number(values.seeds ?? 5_000));
  const underTest = values.bug === undefined ? undefined : await plantRaftBug(values.bug);
  return values.seed === undefined ? runSeeds(underTest) : runOne(Number(values.seed), underTest);
}

function refuse(why: string): number {
  process.stderr.write(`${why}\n`);
  return 1;
}

function runOne(seed: number, underTest: RaftUnderTest | undefined): number {
  const onLine = (line: string): void => void process.stdout.write(`${line}\n`);
  const run = runRaft({ seed, ...(underTest && { underTest }), ...(values.trace && { onLine }) });
  process.stdout.write(`${lineOf(run)}\n`);
  for (const problem of run.problems.slice(0, PROBLEM_COUNT_MAX)) process.stdout.write(`  ${problem}\n`);
  process.stdout.write(countsOf([run]));
  return run.problems.length === 0 ? 0 : 1;
}

function runSeeds(underTest: RaftUnderTest | undefined): number {
  const count = Number(values.seeds ?? 2_000);
  const from = Number(values.from);
  const progress = new RaftProgress(count);
  const totals: RaftRun[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const run = runRaft({ seed, ...(underTest && { underTest }) });
    totals.splice(0, totals.length, totals.length === 0 ? run : { ...run, counts: totalOf([totals[0]!.counts, run.counts]) });
    if (run.problems.length > 0) progress.say(failureOf(run));
    progress.add(run);
  }
  progress.end();
  process.stdout.write(countsOf(totals));
  return progress.failedCount === 0 ? 0 : 1;
}

async function plantAll(seedCountMax: number): Promise<number> {
  let survivorCount = 0;
  for (const [name, { hint }] of Object.entries(PLANTED_RAFT_BUGS)) {
    const underTest = await plantRaftBug(name);
    const run = firstFailure(underTest, [hint, ...Array.from({ length: seedCountMax }, (_, at) => at + 1)]);
    if (run === undefined) survivorCount += 1;
    const found = run === undefined ? `SURVIVES ${seedCountMax} seeds` : `seed ${run.seed}: ${run.problems[0]}`;
    process.stdout.write(`${name}\n  ${found}\n`);
  }
  const count = Object.keys(PLANTED_RAFT_BUGS).length;
  process.stdout.write(`${count - survivorCount} of ${count} planted bugs are caught.\n`);
  return survivorCount === 0 ? 0 : 1;
}

function firstFailure(underTest: RaftUnderTest, seeds: readonly number[]): RaftRun | undefined {
  for (const seed of seeds) {
    const run = runRaft({ seed, underTest });
    if (run.problems.length > 0) return run;
  }
  return undefined;
}

function failureOf({ seed, problems }: RaftRun): string {
  const bug = values.bug === undefined ? '' : ` --bug '${values.bug}'`;
  return `seed ${seed}: ${problems[0]} (again: npm run sim:raft -- --seed ${seed} --trace${bug})`;
}

function lineOf({ seed, problems, traceHash, eventCount, simulatedMs }: RaftRun): string {
  const verdict = problems.length === 0 ? 'ok' : `${problems.length} problems`;
  return `seed ${seed}: ${verdict}, trace ${traceHash}, ${eventCount} events, ${(simulatedMs / 1_000).toFixed(1)} s simulated`;
}

function countsOf(runs: readonly RaftRun[]): string {
  const total = totalOf(runs.map(({ counts }) => counts));
  const listed = (names: readonly (keyof typeof total)[]): string => names.map((name) => `${name} ${total[name]}`).join(', ');
  return `faults: ${listed(RAFT_FAULTS)}\nevents: ${listed(RAFT_EVENTS)}\n`;
}
