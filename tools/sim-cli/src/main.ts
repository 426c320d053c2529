import { parseArgs } from 'node:util';
import { PLANTED_BUGS, runEmbedded, type EmbeddedRun } from '@varve/sim';

const HELP = `Runs the embedded database in a simulation: writes, crashes, restarts, reads, compares.

Usage: npm run sim -- [options]

  --seed N      the first seed (default 1); the same seed gives the same run and the same trace hash
  --seeds N     how many seeds, one after the other (default 1)
  --crashes N   crashes per run (default 5)
  --bug NAME    plants a bug, which must be caught: ${Object.keys(PLANTED_BUGS).join(', ')}
  --trace       prints a line per event
  --help        this text
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
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
  const [firstSeed, seedCount, crashCount] = [values.seed, values.seeds, values.crashes].map(Number) as [number, number, number];
  const filter = values.bug === undefined ? undefined : PLANTED_BUGS[values.bug];
  if (values.bug !== undefined && filter === undefined) {
    process.stderr.write(`No bug is called "${values.bug}"; there are: ${Object.keys(PLANTED_BUGS).join(', ')}.\n`);
    return 1;
  }
  let failedCount = 0;
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed += 1) {
    const onLine = values.trace ? (line: string): void => void process.stdout.write(`${line}\n`) : undefined;
    const run = await runEmbedded({ seed, crashCount, ...(filter && { filter }), ...(onLine && { onLine }) });
    process.stdout.write(`${lineOf(run)}\n`);
    for (const problem of run.problems.slice(0, 10)) process.stdout.write(`  ${problem}\n`);
    if (run.problems.length > 0) failedCount += 1;
  }
  process.stdout.write(`${seedCount - failedCount} of ${seedCount} seeds without a problem.\n`);
  return failedCount === 0 ? 0 : 1;
}

function lineOf({ seed, traceHash, eventCount, crashCount, ackedCount, cellCount, interrupted, problems }: EmbeddedRun): string {
  const cutOff = `${interrupted.write} hit a write, ${interrupted.flush} a flush, ${interrupted.trim} a trim`;
  const verdict = problems.length === 0 ? 'ok' : `${problems.length} problems`;
  return `seed ${seed}: ${verdict}, trace ${traceHash}, ${eventCount} events, ${ackedCount} acknowledged values on ${cellCount} cells, ${crashCount} crashes (${cutOff})`;
}
