import { spawnSync } from 'node:child_process';
import { maybeInstallDebianPackage } from '@varve/nats-adapter/server';

/** Tests of what a disk can do to a log let system calls fail with it. Without it, and outside of CI, they are skipped. */
export function ensureStrace(say: (line: string) => void): void {
  if (canRun()) return;
  say('There is no strace on this machine: installing it (once) …');
  maybeInstallDebianPackage('strace');
  if (!canRun()) say('strace could not be installed: install the package strace of your system.');
}

function canRun(): boolean {
  return spawnSync('strace', ['--version'], { stdio: 'ignore' }).status === 0;
}
