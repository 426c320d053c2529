import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { EMPTY_CATALOG } from '@varve/model';
import { EMPTY_MEMBERSHIP, type CatalogStore } from '@varve/ports';
import { catalogStoreContract, openInChild, type ChildModule, type Opened } from '@varve/ports/contract';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openCatalogStore } from './open-catalog-store.ts';
import { newTempDirectory } from './testing/temp-directory.ts';

// Methodology: the suite that the simulated store passes runs on a real file. The adapter lives in a child process; a
// crash is kill -9 of it. Damage is done to the file with SQLite itself, or byte by byte.
const openKillable = async (child: ChildModule): Promise<Opened<CatalogStore>> => {
  const { port, kill } = await openInChild<CatalogStore>(child);
  return {
    port,
    crash: async () => {
      await kill();
      return openKillable(child);
    },
    reopen: async () => {
      await port.close();
      return openKillable(child);
    },
  };
};

catalogStoreContract('openCatalogStore', (options) =>
  openKillable({
    module: new URL('./open-catalog-store.ts', import.meta.url),
    factory: 'openCatalogStore',
    args: [{ file: join(newTempDirectory(), 'catalog.sqlite'), ...options }],
  }),
);

const audit = (logIndex: number) => ({ logIndex, atMs: logIndex, proposer: 'p', kind: 'k', command: '{}' });

/** A closed file with a snapshot and audit rows 1 to 5. */
async function writtenFile(): Promise<string> {
  const file = join(newTempDirectory(), 'catalog.sqlite');
  const store = await openCatalogStore({ file });
  await store.save({ appliedIndex: 5, appliedTerm: 1, membership: EMPTY_MEMBERSHIP, catalog: EMPTY_CATALOG }, [1, 2, 3, 4, 5].map(audit));
  await store.close();
  return file;
}

function change(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

test('audit rows that come again after a crash are there once', async () => {
  const store = await openCatalogStore({ file: await writtenFile() });
  await store.save({ appliedIndex: 7, appliedTerm: 1, membership: EMPTY_MEMBERSHIP, catalog: EMPTY_CATALOG }, [4, 5, 6, 7].map(audit));
  expect((await store.readAudit(100)).map(({ logIndex }) => logIndex)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  await store.close();
});

test('more audit rows than one statement takes are stored', async () => {
  const file = join(newTempDirectory(), 'catalog.sqlite');
  const store = await openCatalogStore({ file });
  const rows = Array.from({ length: 12_345 }, (_, index) => audit(index + 1));
  await store.save({ appliedIndex: 12_345, appliedTerm: 1, membership: EMPTY_MEMBERSHIP, catalog: EMPTY_CATALOG }, rows);
  expect(await store.readAudit(20_000)).toHaveLength(10_000);
  await store.close();
});

test('a file of a newer version is refused and not changed', async () => {
  const file = await writtenFile();
  change(file, "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'SplitSnapshot9999999999999')");
  const before = readFileSync(file);
  await expect(openCatalogStore({ file })).rejects.toMatchObject({
    code: 'STORAGE_NEWER_FORMAT',
    message: expect.stringMatching(/newer version.*SplitSnapshot/),
  });
  expect(readFileSync(file)).toEqual(before);
});

test('a catalog of a newer format is refused', async () => {
  const file = await writtenFile();
  const newer = JSON.stringify({ format: 3 });
  change(file, `UPDATE snapshot SET catalog = '${newer}', checksum = ${crc32(newer, crc32('5 1 '))}`);
  const store = await openCatalogStore({ file });
  await expect(store.load()).rejects.toMatchObject({ code: 'STORAGE_NEWER_FORMAT' });
  await store.close();
});

test('damage is found, wherever it is', async () => {
  const check = async (damage: (file: string) => void, text: RegExp): Promise<void> => {
    const file = await writtenFile();
    damage(file);
    const load = async (): Promise<unknown> => {
      const store = await openCatalogStore({ file });
      try {
        return await store.load();
      } finally {
        await store.close();
      }
    };
    await expect(load()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(text) });
  };
  await check((file) => change(file, 'UPDATE snapshot SET applied_index = 6'), /checksum is wrong/);
  await check((file) => change(file, "UPDATE snapshot SET catalog = replace(catalog, '1', '2')"), /checksum is wrong/);
  await check((file) => change(file, 'PRAGMA application_id = 1'), /not a Varve catalog file/);
  await check((file) => writeFileSync(file, 'This is no database. '.repeat(500)), /damaged/);
  await check((file) => truncateSync(file, 5_000), /damaged/);
});

test('what cannot be opened is named with the reason', async () => {
  const directory = newTempDirectory();
  await expect(openCatalogStore({ file: directory })).rejects.toMatchObject({ code: 'STORAGE_UNWRITABLE' });
});
