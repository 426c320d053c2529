import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { seeds } from '../seeds.ts';
import { FaultyDisk, faultyDiskTest, POWER_CUT_EXIT_CODE } from './faulty-disk.ts';

/** What small programs do in `dir`, and how they end. */
const PRELUDE = `
  const fs = require('node:fs');
  const dir = process.argv[1];
  const attempt = (act) => { try { console.log(act() ?? 'done'); } catch ({ code }) { console.log(code); } };
  const put = (fd, letter, at, size = 2000) => fs.writeSync(fd, letter.repeat(size), at);
  const syncDirectory = () => fs.fsyncSync(fs.openSync(dir, 'r'));
`;

const newDisk = (): FaultyDisk => {
  const root = mkdtempSync(join(tmpdir(), 'varve-test-'));
  const disk = FaultyDisk.create(root);
  onTestFinished(() => {
    disk.close();
    rmSync(root, { recursive: true });
  });
  return disk;
};
const run = (disk: FaultyDisk, program: string): { readonly lines: string[]; readonly exitCode: number | null } => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', `${PRELUDE}${program}`, disk.root], { encoding: 'utf8', env: { ...process.env, ...disk.env } });
  expect(stderr).toBe('');
  return { lines: stdout.split('\n').slice(0, -1), exitCode: status };
};
const cut = (disk: FaultyDisk, seed: number, program = ''): void => {
  disk.setRule({ fault: 'CUT', calls: ['open'], path: '*/cut', nth: 1, seed });
  expect(run(disk, `${program}; fs.openSync(dir + '/cut', 'w')`).exitCode).toBe(POWER_CUT_EXIT_CODE);
};
const contentOf = (disk: FaultyDisk, name: string): string => readFileSync(join(disk.root, name), 'utf8');

faultyDiskTest('the so manieth matching call fails, once, from then on or each time, and no other one', () => {
  const disk = newDisk();
  const program = `const fd = fs.openSync(dir + '/a', 'w'); for (let n = 0; n < 4; n += 1) attempt(() => { put(fd, 'x', 0); fs.fsyncSync(fd); });`;
  disk.setRule({ fault: 'EIO', calls: ['sync'], path: '*/a', nth: 2 });
  expect(run(disk, program).lines).toEqual(['done', 'EIO', 'done', 'done']);
  expect(disk.counts()).toEqual({ metCount: 4, changedCount: 1 });
  disk.setRule({ fault: 'ENOSPC', calls: ['write'], nth: 3, repeats: 'onwards' });
  expect(run(disk, program).lines).toEqual(['done', 'done', 'ENOSPC', 'ENOSPC']);
  disk.setRule({ fault: 'ENOSPC', calls: ['write'], nth: 2, repeats: 'each' });
  expect(run(disk, program).lines).toEqual(['done', 'ENOSPC', 'done', 'ENOSPC']);
  disk.setRule({ fault: 'EIO', path: '*/b', nth: 1 });
  expect(run(disk, program).lines).toEqual(['done', 'done', 'done', 'done']);
  expect(disk.counts()).toEqual({ metCount: 0, changedCount: 0 });
  expect(disk.trace()).toEqual(expect.arrayContaining([`create ${disk.root}/a`, `write ${disk.root}/a`, `sync ${disk.root}/a`, `fault ${disk.root}/a`, 'say ']));
});

faultyDiskTest('a short write is half there, and its rest gets ENOSPC', () => {
  const disk = newDisk();
  disk.setRule({ fault: 'SHORT', calls: ['write'], nth: 1 });
  const { lines } = run(disk, `const fd = fs.openSync(dir + '/a', 'w'); for (let n = 0; n < 3; n += 1) attempt(() => put(fd, 'x', 0));`);
  expect(lines).toEqual(['1000', '2000', '2000']); // The first one tried to write the rest, and says what it has written.
  expect(disk.trace().slice(3, 6)).toEqual([`write ${disk.root}/a`, `fault ${disk.root}/a`, `write ${disk.root}/a`]);
});

faultyDiskTest('a power cut takes back what was not synced, also by the process before, and nothing else', () => {
  const disk = newDisk();
  run(disk, `
    const fd = fs.openSync(dir + '/a', 'w'); put(fd, 'a', 0); fs.fsyncSync(fd); syncDirectory(); put(fd, 'b', 1000);
    process.kill(process.pid, 'SIGKILL');`);
  expect(contentOf(disk, 'a')).toBe('a'.repeat(1000) + 'b'.repeat(2000));
  cut(disk, 3, `const fd = fs.openSync(dir + '/a', 'r+'); put(fd, 'c', 0, 10); fs.ftruncateSync(fd, 5)`);
  expect(contentOf(disk, 'a')).toBe('a'.repeat(2000));
  cut(disk, 3);
  expect(contentOf(disk, 'a')).toBe('a'.repeat(2000));
});

faultyDiskTest('what a failed sync should have made durable stays lost, what is written after it does not', () => {
  const disk = newDisk();
  disk.setRule({ fault: 'EIO', calls: ['sync'], path: '*/a', nth: 2 });
  run(disk, `
    const fd = fs.openSync(dir + '/a', 'w'); put(fd, 'a', 0); fs.fsyncSync(fd); syncDirectory();
    put(fd, 'b', 0); attempt(() => fs.fsyncSync(fd)); fs.fsyncSync(fd); put(fd, 'c', 1500, 100); fs.fsyncSync(fd);`);
  expect(contentOf(disk, 'a')).toBe('b'.repeat(1500) + 'c'.repeat(100) + 'b'.repeat(400));
  cut(disk, 3);
  expect(contentOf(disk, 'a')).toBe('a'.repeat(1500) + 'c'.repeat(100) + 'a'.repeat(400));
});

faultyDiskTest('a name goes whose directory was not synced, and a renamed file has its old one again', () => {
  const disk = newDisk();
  const make = (name: string): string => `{ const fd = fs.openSync(dir + '/${name}', 'w'); put(fd, 'x', 0); fs.fsyncSync(fd); }`;
  run(disk, `${make('a')} ${make('b')} syncDirectory(); ${make('c')} fs.renameSync(dir + '/a', dir + '/d'); fs.rmSync(dir + '/b');`);
  cut(disk, 3);
  expect(['a', 'b', 'c', 'd'].filter((name) => existsSync(join(disk.root, name)))).toEqual(['a']);
  expect(contentOf(disk, 'a')).toBe('x'.repeat(2000));
});

faultyDiskTest('of writes that were not synced a seed keeps none, the first or some, the last of them up to a sector', () => {
  const disk = newDisk();
  const found = seeds(30).map((seed) => {
    run(disk, `const fd = fs.openSync(dir + '/a', 'w'); put(fd, '-', 0, 4096); fs.fsyncSync(fd); syncDirectory();`);
    cut(disk, seed, `const fd = fs.openSync(dir + '/a', 'r+'); put(fd, 'a', 0, 1024); put(fd, 'b', 1024, 1024); put(fd, 'c', 2048, 2048)`);
    return contentOf(disk, 'a').replaceAll(/(.)\1{511}/g, '$1');
  });
  for (const sectors of found) expect(sectors).toMatch(/^(--|a-|aa)(--|b-|bb)(----|c---|cc--|ccc-|cccc)$/);
  expect(found.filter((sectors) => sectors === '--------').length).toBeGreaterThanOrEqual(10);
  expect(new Set(found).size).toBeGreaterThan(5);
});
