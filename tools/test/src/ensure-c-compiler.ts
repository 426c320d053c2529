import { spawnSync } from 'node:child_process';
import { maybeInstallDebianPackage } from '@varve/nats-adapter/server';

/** Tests of what a disk can do compile one that fails (`FaultyDisk` of libs/testkit). Without it, and outside of CI, they are skipped. */
export function ensureCCompiler(say: (line: string) => void): void {
  if (canRun()) return;
  say('There is no C compiler on this machine: installing it (once) …');
  maybeInstallDebianPackage('build-essential');
  if (!canRun()) say('cc could not be installed: install the package build-essential, or gcc, of your system.');
}

function canRun(): boolean {
  return spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
}
