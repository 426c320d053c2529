import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * Makes the calling thread nicer than it is: whatever else the process has to do goes first, where cores are few. Only Linux has a
 * niceness per thread. Returns false where it stays as it is, elsewhere or because a sandbox refuses: that is slower, and nothing else.
 */
export function beNicer(by: number, self = '/proc/thread-self'): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const thread = Number(basename(readlinkSync(self)));
    setPriority(thread, Math.min(getPriority(thread) + by, constants.priority.PRIORITY_LOW));
    return true;
  } catch {
    return false;
  }
}
