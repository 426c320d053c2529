import { spawnSync } from 'node:child_process';

/** As root, on a system that has apt; anywhere else nothing happens. Lists of packages are fetched when there are none. */
export function maybeInstallDebianPackage(name: string): void {
  if (process.getuid?.() !== 0) return;
  const install = ['install', '-y', '--no-install-recommends', name];
  if (!aptGet(install) && aptGet(['update'])) aptGet(install);
}

function aptGet(args: readonly string[]): boolean {
  return spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0;
}
