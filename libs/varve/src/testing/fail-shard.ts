/**
 * Run with `node fail-shard.ts <step as JSON>` on a faulty disk: takes shards in several directories through one operation, and
 * says what became of each. In directory n the n-th call of the operation meets the fault, until one has not so many. It ends without closing
 * anything: by a power cut, or as by kill -9.
 */
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FaultyDisk, type DiskCall, type DiskFault } from '@varve/testkit';
import { operationOf, ShardRun, type Operation, type ShardHistory } from './shard-operations.ts';

/** What one process does. */
export interface FailShardStep {
  readonly operation: Operation;
  readonly fault?: { readonly fault: DiskFault; readonly calls: readonly DiskCall[] } | undefined;
  /** Which writes a power cut keeps. */
  readonly seed: number;
  /** By the number of the directory: what was asked of it before. */
  readonly histories: Readonly<Record<number, ShardHistory>>;
  readonly end: 'cut' | 'kill';
}

/** What became of one directory. */
export interface FailedShard extends ShardHistory {
  readonly number: number;
  /** The operation had so many calls: the fault was met. */
  readonly isHit: boolean;
  /** Of the operation, and of what was tried behind it: `done` or a code. */
  readonly outcomes: readonly string[];
}

const disk = FaultyDisk.ofThisProcess();
/** What nobody refers to is closed by the garbage collector, and closing writes. */
const runs: ShardRun[] = [];
const { operation, fault, seed, histories, end } = JSON.parse(process.argv[2]!) as FailShardStep;
for (const number of Object.keys(histories).map(Number)) {
  const failed = await failOne(number);
  writeSync(1, `${JSON.stringify(failed)}\n`);
  if (fault !== undefined && !failed.isHit) break; // Nor would it be with a greater number.
}
if (end === 'kill') process.kill(process.pid, 'SIGKILL');
disk.setRule({ fault: 'CUT', nth: 1, seed });
writeFileSync(join(disk.root, 'end'), '');

async function failOne(number: number): Promise<FailedShard> {
  const directory = join(disk.root, String(number));
  mkdirSync(directory, { recursive: true });
  const run = new ShardRun(directory, histories[number]!);
  runs.push(run);
  const { path = '*', prepare, act } = operationOf(operation);
  disk.setRule();
  await prepare(run);
  await run.settle();
  if (fault !== undefined) disk.setRule({ ...fault, path: join(directory, path), nth: number, seed: seed + number });
  await act(run);
  await run.settle();
  const isHit = fault !== undefined && disk.counts().changedCount > 0;
  disk.setRule();
  if (fault?.fault === 'UNPLUG') await run.write(); // Nothing that is read now says what is on the disk.
  else if (fault !== undefined) await goOn(run);
  return { number, isHit, outcomes: run.outcomes, asked: run.asked, acked: run.acked };
}

/** The fault is over. What has failed is not to be trusted again; what is acknowledged now has to last as well. */
async function goOn(run: ShardRun): Promise<void> {
  if (!run.isOpen) return;
  await run.check();
  for (const act of [() => run.write(), () => run.flush(), () => run.write(2), () => run.merge()]) await act();
  await run.check();
}
