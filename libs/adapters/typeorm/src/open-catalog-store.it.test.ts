import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { EMPTY_CATALOG, encodeCatalog, type Catalog, type Database } from '@varve/model';
import { EMPTY_MEMBERSHIP, SILENT_LOG, type CatalogStore } from '@varve/ports';
import { catalogStoreContract, openKillable } from '@varve/ports/contract';
import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openCatalogStore } from './open-catalog-store.ts';
import { newTempDirectory } from './testing/temp-directory.ts';

// Methodology: the suite that the simulated store passes runs on a real file. The adapter lives in a child process; a
// crash is kill -9 of it. Damage is done to the file with SQLite itself, or byte by byte.
catalogStoreContract('openCatalogStore', (options) =>
  openKillable({
    module: new URL('./open-catalog-store.ts', import.meta.url),
    factory: 'openCatalogStore',
    args: [{ file: join(newTempDirectory(), 'catalog.sqlite'), ...options }],
  }),
);

catalogStoreContract("openCatalogStore with onDamage: 'setAside'", (options) =>
  openKillable({
    module: new URL('./open-catalog-store.ts', import.meta.url),
    factory: 'openCatalogStore',
    args: [{ file: join(newTempDirectory(), 'catalog.sqlite'), onDamage: 'setAside', ...options }],
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
  const database = new SqliteDatabase(file);
  database.exec(sql);
  database.close();
}

/** A file as the migrations up to one of them left it, with a snapshot at 5 and rows 1 to 5. Written by hand: a migration never changes. */
function fileOfVersion(migrationCount: 1 | 2): string {
  const file = join(newTempDirectory(), 'catalog.sqlite');
  const format1 = '{"format":1,"version":4,"nodes":[],"databases":[],"incarnations":[],"nextId":9,"ceilingMs":0,"recentRequests":[["r",{"kind":"applied"}]]}';
  change(
    file,
    `PRAGMA application_id = ${0x56436174};
     CREATE TABLE migrations (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, timestamp bigint NOT NULL, name varchar NOT NULL);
     INSERT INTO migrations (timestamp, name) VALUES (1767225600000, 'CreateTables1767225600000');
     CREATE TABLE snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), applied_index INTEGER NOT NULL, applied_term INTEGER NOT NULL, catalog TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT;
     CREATE TABLE audit (log_index INTEGER PRIMARY KEY, at_ms REAL NOT NULL, proposer TEXT NOT NULL, kind TEXT NOT NULL, command TEXT NOT NULL) STRICT;
     INSERT INTO snapshot VALUES (1, 5, 2, '${format1}', ${crc32(format1, crc32('5 2 '))});
     INSERT INTO audit SELECT value, value, 'p', 'k', '{}' FROM (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5);`,
  );
  if (migrationCount === 1) return file;
  const membership = '{"voters":[1,2,3],"outgoing":[],"learners":[4],"greatestId":4}';
  change(
    file,
    `INSERT INTO migrations (timestamp, name) VALUES (1795910400000, 'AddMembership1795910400000');
     ALTER TABLE snapshot ADD COLUMN membership TEXT NOT NULL DEFAULT '';
     UPDATE snapshot SET membership = '${membership}', checksum = ${crc32(membership, crc32(format1, crc32('5 2 ')))};`,
  );
  return file;
}

test.each([
  [1, EMPTY_MEMBERSHIP],
  [2, { voters: [1, 2, 3], outgoing: [], learners: [4], greatestId: 4 }],
] as const)('a file of migration %i opens with its data, and is written in this version', async (migrationCount, membership) => {
  const file = fileOfVersion(migrationCount);
  const store = await openCatalogStore({ file });
  const loaded = await store.load();
  expect(loaded).toMatchObject({ appliedIndex: 5, appliedTerm: 2, membership, catalog: { version: 4, nextId: 9 } });
  expect(loaded!.catalog.earlierRequests.size).toBe(1);
  expect((await store.readAudit(10)).map(({ logIndex }) => logIndex)).toEqual([5, 4, 3, 2, 1]);
  const next = { voters: [1], outgoing: [], learners: [], greatestId: 1 };
  await store.save({ ...loaded!, appliedIndex: 6, membership: next }, [audit(6)]);
  await store.close();
  const again = await openCatalogStore({ file });
  expect(await again.load()).toEqual({ ...loaded!, appliedIndex: 6, membership: next });
  expect(await again.readAudit(10)).toHaveLength(6);
  await again.close();
});

test('damage in a file of the first version is still found after its migration', async () => {
  const file = fileOfVersion(1);
  change(file, 'UPDATE snapshot SET applied_index = 4');
  const store = await openCatalogStore({ file });
  await expect(store.load()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
  await store.close();
});

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
  change(file, `UPDATE snapshot SET databases = '', catalog = '${newer}', checksum = ${crc32(newer, crc32('5 1 '))}`);
  const store = await openCatalogStore({ file });
  await expect(store.load()).rejects.toMatchObject({ code: 'STORAGE_NEWER_FORMAT' });
  await store.close();
});

test('a membership that cannot be read is damage, checksum or not', async () => {
  for (const text of ['{}', '[', 'null', '{"voters":[1.5],"outgoing":[],"learners":[],"greatestId":1}', '{"voters":[1],"outgoing":[],"learners":[],"greatestId":0}']) {
    const file = await writtenFile();
    const catalog = new TextDecoder().decode(encodeCatalog(EMPTY_CATALOG));
    change(file, `UPDATE snapshot SET databases = '', membership = '${text}', checksum = ${crc32(text, crc32(catalog, crc32('5 1 ')))}`);
    const store = await openCatalogStore({ file });
    await expect(store.load(), text).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/membership/) });
    await store.close();
  }
});

/** A database with a policy, as a catalog has it. */
function databaseOf(id: number, durationNs: bigint): Database {
  const policy = { id: id + 1, name: 'autogen', durationNs, shardDurationNs: 1n, replicaCount: 1, writeLevel: 'one', readLevel: 'one', shardGroups: [], measurements: new Map() } as const;
  return { id, name: `d${id}`, defaultRetentionPolicy: 'autogen', retentionPolicies: new Map([['autogen', policy]]) };
}

function catalogOf(...databases: readonly Database[]): Catalog {
  return { ...EMPTY_CATALOG, databases: new Map(databases.map((database) => [database.name, database])) };
}

/** What is saved is loaded, by this process and by the next one. */
async function savedInTurn(file: string, catalogs: readonly Catalog[]): Promise<void> {
  let store = await openCatalogStore({ file });
  for (const [at, catalog] of catalogs.entries()) {
    const snapshot = { appliedIndex: at + 1, appliedTerm: 1, membership: EMPTY_MEMBERSHIP, catalog };
    await store.save(snapshot, []);
    expect(await store.load()).toEqual(snapshot);
    await store.close();
    store = await openCatalogStore({ file });
    expect(await store.load()).toEqual(snapshot);
  }
  await store.close();
}

test('databases that came, changed, stayed and went are those of the newest snapshot, in order of creation', async () => {
  const many = Array.from({ length: 100 }, (_, at) => databaseOf(10 * (at + 1), 1n));
  const changed = many.map((database, at) => (at % 7 === 0 ? databaseOf(database.id, 9n) : database));
  const again = [...changed.slice(50), { ...databaseOf(5_000, 2n), name: 'd10' }];
  await savedInTurn(join(newTempDirectory(), 'catalog.sqlite'), [catalogOf(), catalogOf(...many), catalogOf(...changed), catalogOf(...again), catalogOf()]);
});

test('only databases that have changed are written again', async () => {
  const file = join(newTempDirectory(), 'catalog.sqlite');
  const store = await openCatalogStore({ file });
  const databases = [10, 20, 30].map((id) => databaseOf(id, 1n));
  const save = (appliedIndex: number, catalog: Catalog): Promise<void> => store.save({ appliedIndex, appliedTerm: 1, membership: EMPTY_MEMBERSHIP, catalog }, []);
  await save(1, catalogOf(...databases));
  change(file, 'CREATE TABLE written (id INTEGER); CREATE TRIGGER wrote AFTER INSERT ON snapshot_database BEGIN INSERT INTO written VALUES (new.id); END');
  await save(2, catalogOf(databases[0]!, databaseOf(20, 7n), databases[2]!));
  const reader = new SqliteDatabase(file);
  expect(reader.prepare('SELECT id FROM written').pluck().all()).toEqual([20]);
  reader.close();
  await store.close();
});

test('a row of a database that is missing, changed, or of another time is damage', async () => {
  const check = async (damage: string): Promise<void> => {
    const file = join(newTempDirectory(), 'catalog.sqlite');
    const store = await openCatalogStore({ file });
    await store.save({ appliedIndex: 5, appliedTerm: 1, membership: EMPTY_MEMBERSHIP, catalog: catalogOf(databaseOf(10, 1n), databaseOf(20, 1n)) }, []);
    await store.close();
    change(file, damage);
    const again = await openCatalogStore({ file });
    await expect(again.load(), damage).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringMatching(/checksum is wrong/) });
    await again.close();
  };
  await check('DELETE FROM snapshot_database WHERE id = 20');
  await check('UPDATE snapshot_database SET id = 21 WHERE id = 20');
  await check("UPDATE snapshot_database SET document = replace(document, 'd10', 'd11')");
  await check("UPDATE snapshot_database SET document = 'no JSON' WHERE id = 10");
  await check('INSERT INTO snapshot_database SELECT 30, document FROM snapshot_database WHERE id = 10');
  await check("UPDATE snapshot SET databases = '2 7'");
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
  await check((file) => change(file, "UPDATE snapshot SET membership = '{}'"), /checksum is wrong/);
  await check((file) => change(file, "UPDATE snapshot SET catalog = replace(catalog, '1', '2')"), /checksum is wrong/);
  await check((file) => change(file, 'PRAGMA application_id = 1'), /not a Varve catalog file/);
  await check((file) => writeFileSync(file, 'This is no database. '.repeat(500)), /damaged/);
  await check((file) => truncateSync(file, 5_000), /damaged/);
});

const DAMAGES: readonly (readonly [what: string, damage: (file: string) => void])[] = [
  ['a checksum', (file) => change(file, 'UPDATE snapshot SET applied_index = 6')],
  ['a foreign file', (file) => change(file, 'PRAGMA application_id = 1')],
  ['no database', (file) => writeFileSync(file, 'This is no database. '.repeat(500))],
  ['a cut file', (file) => truncateSync(file, 5_000)],
];

test.each(DAMAGES)('T3, P11: damage is set aside where another node has the snapshot, and nothing is deleted: %s', async (_what, damage) => {
  const file = await writtenFile();
  damage(file);
  writeFileSync(`${file}.damaged-1-wal`, 'of an earlier one');
  const damaged = readFileSync(file);
  const said: unknown[] = [];
  const open = (): Promise<CatalogStore> => openCatalogStore({ file, onDamage: 'setAside', log: { ...SILENT_LOG, warn: (_, facts) => said.push(facts) } });
  const store = await open();
  expect(await store.load()).toBeUndefined();
  expect(await store.readAudit(10)).toEqual([]);
  expect(readFileSync(`${file}.damaged-2`)).toEqual(damaged);
  expect(readFileSync(`${file}.damaged-1-wal`, 'utf8')).toBe('of an earlier one');
  expect(said).toMatchObject([{ file, aside: `${file}.damaged-2` }]);

  const snapshot = { appliedIndex: 9, appliedTerm: 2, membership: EMPTY_MEMBERSHIP, catalog: EMPTY_CATALOG };
  await store.save(snapshot, [audit(9)]);
  await store.close();
  const again = await open();
  expect(await again.load()).toMatchObject({ appliedIndex: 9, appliedTerm: 2 });
  expect(said).toHaveLength(1);
  await again.close();
});

test('T3: what is no damage is refused where damage is set aside, too', async () => {
  const file = await writtenFile();
  change(file, "INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'SplitSnapshot9999999999999')");
  await expect(openCatalogStore({ file, onDamage: 'setAside' })).rejects.toMatchObject({ code: 'STORAGE_NEWER_FORMAT' });
  await expect(openCatalogStore({ file: newTempDirectory(), onDamage: 'setAside' })).rejects.toMatchObject({ code: 'STORAGE_UNWRITABLE' });
  expect(existsSync(`${file}.damaged-1`)).toBe(false);
});

test('what cannot be opened is named with the reason', async () => {
  const directory = newTempDirectory();
  await expect(openCatalogStore({ file: directory })).rejects.toMatchObject({ code: 'STORAGE_UNWRITABLE' });
});
