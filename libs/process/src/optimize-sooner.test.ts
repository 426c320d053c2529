import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { OPTIMIZE_SOONER } from './optimize-sooner.ts';

// A flag that Node does not know is one line on stderr, and nothing else.
test('Node knows the flags', () => {
  const { status, stderr } = spawnSync(process.execPath, ['-e', `for (const flag of ${JSON.stringify(OPTIMIZE_SOONER)}) require('node:v8').setFlagsFromString(flag)`], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
