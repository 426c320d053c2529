import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@varve/ports';
import { SILENT_LOG } from '@varve/ports';
import { catalogCacheContract, newTempDirectory, openKillable } from '@varve/ports/contract';
import { expect, test } from 'vitest';
import { openCatalogCache } from './open-catalog-cache.ts';

// Methodology: the suite that the simulated cache passes runs on a real file; the adapter lives in a child process, and a
// crash is kill -9 of it. Damage is done to the file from outside.
catalogCacheContract('openCatalogCache', () =>
  openKillable({
    module: new URL('./testing/open-quiet-cache.ts', import.meta.url),
    factory: 'openQuietCache',
    args: [join(newTempDirectory(), 'below', 'catalog.cache')],
  }),
);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Reopened {
  readonly texts: string;
  readonly warnings: readonly string[];
}

/** Saves three documents, lets something happen to the file, and loads. */
async function afterDamage(damage: (file: string) => void, clusterId = 'one'): Promise<Reopened> {
  const file = join(newTempDirectory(), 'catalog.cache');
  const cache = await openCatalogCache({ file, clusterId: 'one', log: SILENT_LOG });
  await cache.load();
  await cache.replace(bytesOf('whole'));
  await cache.append(bytesOf('one'));
  await cache.append(bytesOf('two'));
  await cache.close();
  damage(file);
  return reopen(file, clusterId);
}

async function reopen(file: string, clusterId: string): Promise<Reopened> {
  const warnings: string[] = [];
  const log: Log = { ...SILENT_LOG, warn: (event, facts) => warnings.push(`${event}: ${String(facts?.problem ?? facts?.sizeBytes ?? '')}`) };
  const cache = await openCatalogCache({ file, clusterId, log });
  const texts = (await cache.load()).map((document) => new TextDecoder().decode(document)).join(' ');
  // Whatever was found, it goes on.
  await (texts === '' ? cache.replace(bytesOf('new')) : cache.append(bytesOf('new')));
  await cache.close();
  const again = await openCatalogCache({ file, clusterId, log: SILENT_LOG });
  expect(new TextDecoder().decode((await again.load()).at(-1))).toBe('new');
  await again.close();
  return { texts, warnings };
}

/** Changes a byte of a file; from its end when negative. */
const flip = (at: number) => (file: string): void => {
  const bytes = readFileSync(file);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index]! ^= 1;
  writeFileSync(file, bytes);
};
const cutTo = (sizeOf: (size: number) => number) => (file: string): void => {
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, sizeOf(bytes.length)));
};

test('F10: a copy that cannot be used is left out with a line in the log, and replaced by the next one', async () => {
  const check = async (damage: (file: string) => void, problem: string): Promise<void> => {
    expect(await afterDamage(damage)).toEqual({ texts: '', warnings: [`The cached catalog is not used: ${problem}`] });
  };
  await check(flip(0), 'it is no cached catalog');
  await check((file) => {
    const bytes = readFileSync(file);
    bytes[4] = 9;
    writeFileSync(file, bytes);
  }, 'it has format 9, this version knows 1');
  await check(flip(7), 'it is damaged');
  await check(cutTo(() => 6), 'it is cut off');
  await check((file) => writeFileSync(file, ''), 'it is cut off');
  expect(await afterDamage(() => undefined, 'two')).toEqual({ texts: '', warnings: ['The cached catalog is not used: it is of cluster "one"'] });
});

test('F10: of a copy whose end is damaged, what is before it is used', async () => {
  const left = 'The end of the cached catalog is damaged and left out';
  expect(await afterDamage(flip(-1))).toEqual({ texts: 'whole one', warnings: [`${left}: 11`] });
  expect(await afterDamage(cutTo((size) => size - 2))).toEqual({ texts: 'whole one', warnings: [`${left}: 9`] });
  expect(await afterDamage(cutTo((size) => size - 11))).toEqual({ texts: 'whole one', warnings: [] });
  expect(await afterDamage(flip(-20))).toEqual({ texts: 'whole', warnings: [`${left}: 22`] });
  expect(await afterDamage(flip(13 + 8))).toEqual({ texts: '', warnings: [`${left}: 35`] });
  expect(await afterDamage((file) => writeFileSync(file, 'rest', { flag: 'a' }))).toEqual({ texts: 'whole one two', warnings: [`${left}: 4`] });
});

test('only its owner reads it, and no other file is left beside it', async () => {
  const directory = newTempDirectory();
  const file = join(directory, 'catalog.cache');
  const cache = await openCatalogCache({ file, clusterId: 'one', log: SILENT_LOG });
  await cache.load();
  await cache.replace(bytesOf('whole'));
  await cache.replace(bytesOf('other'));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['catalog.cache']);
  await cache.close();
});

test('what cannot be written is a DbError, and an append behind it is refused until there is a whole one', async () => {
  const directory = newTempDirectory();
  writeFileSync(join(directory, 'taken'), 'a file');
  const cache = await openCatalogCache({ file: join(directory, 'taken', 'catalog.cache'), clusterId: 'one', log: SILENT_LOG });
  expect(await cache.load()).toEqual([]);
  await expect(cache.replace(bytesOf('whole'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await expect(cache.append(bytesOf('one'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await cache.close();
});

test('F10: a cache that is a directory, or may not be read, is no reason to fail', async () => {
  const directory = newTempDirectory();
  mkdirSync(join(directory, 'catalog.cache'));
  const cache = await openCatalogCache({ file: join(directory, 'catalog.cache'), clusterId: 'one', log: SILENT_LOG });
  expect(await cache.load()).toEqual([]);
  chmodSync(join(directory, 'catalog.cache'), 0o000);
  await expect(cache.replace(bytesOf('whole'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await cache.close();
});
