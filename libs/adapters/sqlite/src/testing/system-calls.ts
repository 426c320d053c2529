import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testThatNeeds } from '@varve/testkit';
import { newTempDirectory } from '@varve/ports/contract';

/** A program that has run under strace. */
export interface TracedRun {
  readonly lines: readonly string[];
  /** One line per system call that was asked for. */
  readonly calls: readonly string[];
}

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

/** Tests that let system calls fail. */
export const systemCallTest = testThatNeeds('strace, and the right to trace,', canTrace);

/** Runs a program of this repository; `fault` is strace's `--inject`, such as `fsync:error=EIO:when=3`. */
export function runTraced(program: URL, args: readonly string[], { calls, fault }: { readonly calls: string; readonly fault?: string }): TracedRun {
  const trace = join(newTempDirectory(), 'trace');
  // Stopping at nothing else is fast; but a signal comes only at a stop.
  const stops = fault?.includes('signal=') === true ? [] : ['--seccomp-bpf'];
  const inject = fault === undefined ? [] : ['-e', `inject=${fault}`];
  const options = ['-f', '-y', '-qq', '-s', '0', '-o', trace, ...stops, '-e', `trace=${calls}`, ...inject];
  const { stdout, stderr } = spawnSync('strace', [...options, process.execPath, program.pathname, ...args], { encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return { lines: stdout.split('\n').filter((line) => line !== ''), calls: readFileSync(trace, 'utf8').split('\n') };
}
