import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../../..');
/** Where the bootstrap installs it when the machine has none. */
export const OWN_BIN_DIRECTORY = join(ROOT, '.cache/bin');
const BINARY = 'nats-server';

/** `NATS_SERVER_BIN`, else the PATH, /usr/sbin (Debian's place) or what the bootstrap has installed; undefined when there is none. */
export function findNatsServer(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['NATS_SERVER_BIN'] !== undefined) return env['NATS_SERVER_BIN'];
  const directories = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', OWN_BIN_DIRECTORY];
  return directories.filter((directory) => directory !== '').map((directory) => join(directory, BINARY)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
