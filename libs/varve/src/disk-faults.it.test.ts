import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { newTempDirectory } from '@varve/ports/contract';
import { FaultyDisk, faultyDiskTest, POWER_CUT_EXIT_CODE, type DiskCall, type DiskFault } from '@varve/testkit';
import { expect, onTestFinished } from 'vitest';
import type { FailedShard, FailShardStep } from './testing/fail-shard.ts';
import type { Operation, ShardHistory } from './testing/shard-operations.ts';

// Methodology: a process takes shards on real files through one operation; in the n-th of them the n-th system call of the
// operation fails. It goes on where it may, and is then killed, or loses its power. With a killed one a second process recovers
// the shards, acks what it is sent again, and loses its power: what the first has not synced, or in vain, is gone with it. Then
// another one opens every shard on a sound disk: what was acknowledged is there, nothing else is, and no help is needed.

const PROGRAM = resolve(import.meta.dirname, 'testing/fail-shard.ts');
const SHARDS_PER_PROCESS = 24;
const NOTHING: ShardHistory = { asked: [], acked: [] };
const FAULTS: readonly { readonly fault: DiskFault; readonly calls: readonly DiskCall[] }[] = [
  { fault: 'EIO', calls: ['open', 'write', 'sync', 'truncate', 'rename', 'unlink'] },
  { fault: 'ENOSPC', calls: ['open', 'write', 'sync', 'truncate', 'rename'] },
  { fault: 'SHORT', calls: ['write'] },
  // Between two of these a power cut leaves what it leaves at one of them, or less of what was not synced.
  { fault: 'UNPLUG', calls: ['sync', 'truncate', 'rename', 'unlink'] },
];

const run = async (disk: FaultyDisk, step: FailShardStep): Promise<FailedShard[]> => {
  const env = { ...process.env, ...disk.env, NODE_COMPILE_CACHE: join(import.meta.dirname, '../../../.cache/compiled') };
  const ended = await promisify(execFile)(process.execPath, [PROGRAM, JSON.stringify(step)], { env, maxBuffer: 1e8 }).catch((error: unknown) => error);
  const { stdout, stderr, code, signal } = ended as { readonly stdout: string; readonly stderr: string; readonly code?: number | null; readonly signal?: string | null };
  expect(stderr).toBe('');
  expect(step.end === 'cut' ? code : signal).toBe(step.end === 'cut' ? POWER_CUT_EXIT_CODE : 'SIGKILL');
  return stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as FailedShard);
};
const historiesOf = (shards: readonly FailedShard[]): Record<number, ShardHistory> =>
  Object.fromEntries(shards.map(({ number, asked, acked }) => [number, { asked, acked }]));

/** Once more on a sound disk: the process fails where what was acknowledged is not there. */
const verify = async (disk: FaultyDisk, histories: Record<number, ShardHistory>): Promise<void> => {
  for (const { number, outcomes, asked, acked } of await run(disk, { operation: 'verify', seed, histories, end: 'kill' })) {
    expect(outcomes.filter((outcome) => outcome.startsWith('STORAGE_')), `shard ${number}`).toEqual([]);
    expect(acked.toSorted(), `shard ${number}`).toEqual(asked.toSorted());
  }
};

let seed = 0;
/** @returns how many shards met the fault: so many calls the operation has */
const failEach = async (operation: Operation, fault: (typeof FAULTS)[number]): Promise<number> => {
  for (let first = 1; ; first += SHARDS_PER_PROCESS) {
    const root = newTempDirectory();
    const disk = FaultyDisk.create(root);
    onTestFinished(() => disk.close());
    seed += 1;
    const end = seed % 2 === 0 ? 'cut' : 'kill';
    const numbers = Array.from({ length: SHARDS_PER_PROCESS }, (_, index) => first + index);
    let histories: Record<number, ShardHistory> = Object.fromEntries(numbers.map((number) => [number, NOTHING]));
    if (operation === 'recover') histories = historiesOf(await run(disk, { operation: 'flush', seed, histories, end: 'kill' }));
    const failed = await run(disk, { operation, fault, seed, histories, end });
    histories = historiesOf(failed);
    if (end === 'kill') histories = historiesOf(await run(disk, { operation: 'recover', seed, histories, end: 'cut' }));
    await verify(disk, histories);
    for (const { outcomes } of failed) for (const outcome of outcomes) expect(outcome).toMatch(fault.fault === 'UNPLUG' ? /^(done|nothing to merge|STORAGE_.*)$/ : /^(done|nothing to merge|STORAGE_(FULL|FAILED|UNWRITABLE))$/);
    const hitCount = failed.filter(({ isHit }) => isHit).length;
    if (hitCount < numbers.length) return first + hitCount - 1;
  }
};

/** @param callCountMin guards against counting nothing */
const check = (operation: Operation, callCountMin: number): void => {
  faultyDiskTest(`D1, D2, D4: ${operation}: each of its system calls may fail, or meet a power cut, and nothing acknowledged is lost`, async () => {
    const callCounts = await Promise.all(FAULTS.map((fault) => failEach(operation, fault)));
    expect(Math.min(...callCounts), String(callCounts)).toBeGreaterThanOrEqual(callCountMin);
  });
};

check('create', 15);
check('recover', 5);
check('append', 2);
check('firstFlush', 15);
check('flush', 5);
check('merge', 4);
check('trim', 20);
check('checkpoint', 2);
