import { test } from 'vitest';

/**
 * Registers tests that need something of the machine: skipped with one line where it is missing, and failed in CI, where nothing
 * may be left out unseen.
 */
export function testThatNeeds(what: string, isThere: boolean): (name: string, run: () => void | Promise<void>) => void {
  return (name, run) => {
    if (isThere) test(name, run);
    else if (process.env['CI'] === undefined) test.skip(`${name}: ${what} is missing on this machine`, () => undefined);
    else test(name, () => Promise.reject(new Error(`${what} is missing on this machine`)));
  };
}
