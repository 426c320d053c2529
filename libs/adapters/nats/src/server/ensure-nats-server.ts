import { spawnSync } from 'node:child_process';
import { findNatsServer, OWN_BIN_DIRECTORY } from './find-nats-server.ts';
import { maybeInstallDebianPackage } from './install-debian-package.ts';

/** The one that Go builds: exact, for its checksum is in Go's database. */
const GO_PACKAGE = 'github.com/nats-io/nats-server/v2@v2.15.2';

/**
 * Finds a nats-server, or installs one: Debian's package as root, else with Go into the repository's cache.
 * @returns its path; undefined when neither works, which has been said
 */
export function ensureNatsServer(say: (line: string) => void): string | undefined {
  const found = findNatsServer();
  if (found !== undefined) return found;
  say('There is no nats-server on this machine: installing one (once, up to a minute) …');
  maybeInstallDebianPackage('nats-server');
  if (findNatsServer() === undefined) spawnSync('go', ['install', GO_PACKAGE], { stdio: 'ignore', env: { ...process.env, GOBIN: OWN_BIN_DIRECTORY } });
  const installed = findNatsServer();
  if (installed === undefined) say('nats-server could not be installed: set NATS_SERVER_BIN to one, or install the package nats-server of your system.');
  return installed;
}
