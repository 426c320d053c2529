import { execFileSync } from 'node:child_process';
import { clockContract } from '@varve/ports/contract';
import { expect, test } from 'vitest';
import { systemClock } from './system-clock.ts';

clockContract('the system clock', () => systemClock);

test('a timer further away than setTimeout can reach does not call at once', async () => {
  const called: string[] = [];
  const distant = systemClock.after(2 ** 31 + 5, () => called.push('distant'));
  await new Promise<void>((resolve) => systemClock.after(20, resolve));
  distant.cancel();
  expect(called).toEqual([]);
});

test('a process with a timer ends after it, and at once when it is cancelled', () => {
  const moduleUrl = new URL('system-clock.ts', import.meta.url).href;
  const run = (text: string): string => execFileSync(process.execPath, ['--input-type=module', '-e', `import { systemClock } from '${moduleUrl}'; ${text}`], { encoding: 'utf8', timeout: 30_000 });
  expect(run("systemClock.after(20, () => console.log('due'))")).toBe('due\n');
  expect(run("systemClock.after(3_600_000, () => console.log('due')).cancel()")).toBe('');
});
