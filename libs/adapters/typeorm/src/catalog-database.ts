import { crc32 } from 'node:zlib';
import { dirname } from 'node:path';
import { assert, DbError } from '@varve/base';
import { decodeCatalog, encodeCatalog, type Catalog } from '@varve/model';
import type { AuditRow, CatalogSnapshot, CatalogStore } from '@varve/ports';
import { DataSource, type EntityManager } from 'typeorm';
import { DatabaseRows } from './database-rows.ts';
import { auditEntity, SNAPSHOT_ID, snapshotEntity, type SnapshotRow } from './entities.ts';
import { membershipFrom, membershipText } from './membership.ts';
import { MIGRATION_NAMES, MIGRATIONS } from './migrations.ts';
import { storageError } from './storage-error.ts';
import { syncDirectory } from './sync-directory.ts';

interface Options {
  readonly file: string;
  readonly auditRowCountMax: number;
}

/** What this room needs of the connection before TypeORM has it. */
interface Connection {
  pragma(text: string, options?: { readonly simple: boolean }): unknown;
  prepare(sql: string): { get(): unknown; all(): unknown[] };
}

/** SQLite's application_id: `VCat`. */
const APPLICATION_ID = 0x56436174;
const SYNCHRONOUS_FULL = 2;
/** Little: rows are read at the start and written once. Unsaid it would be 16 MiB, and stay. */
const CACHE_SIZE_BYTES = 1024 * 1024;
/** Rows as one JSON document: built as a statement with a parameter per value they would take longer than all else of a snapshot. */
const APPEND_AUDIT = `INSERT INTO audit (log_index, at_ms, proposer, kind, command)
  SELECT value ->> 'logIndex', value ->> 'atMs', value ->> 'proposer', value ->> 'kind', value ->> 'command' FROM json_each(?) WHERE true
  ON CONFLICT DO UPDATE SET (at_ms, proposer, kind, command) = (excluded.at_ms, excluded.proposer, excluded.kind, excluded.command)`;

/** Opens the file, brings it to this version's tables, and makes its name durable. @throws as `openCatalogStore` */
export async function openCatalogDatabase(options: Options): Promise<CatalogStore> {
  const { file } = options;
  const source = new DataSource({
    type: 'better-sqlite3',
    database: file,
    entities: [snapshotEntity, auditEntity],
    migrations: [...MIGRATIONS],
    migrationsTableName: 'migrations',
    timeout: 0,
    prepareDatabase: (connection: Connection) => prepare(connection, file),
  });
  try {
    await source.initialize();
    await source.runMigrations({ transaction: 'all' });
    syncDirectory(dirname(file));
  } catch (error) {
    if (source.isInitialized) await source.destroy();
    throw storageError(error, file);
  }
  return new CatalogDatabase(source, options);
}

class CatalogDatabase implements CatalogStore {
  readonly #source: DataSource;
  readonly #options: Options;
  readonly #databases: DatabaseRows;
  /** One call after the other: the connection has one transaction at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(source: DataSource, options: Options) {
    this.#source = source;
    this.#options = options;
    this.#databases = new DatabaseRows(options.file);
  }

  load(): Promise<CatalogSnapshot | undefined> {
    return this.#inTurn(async () => {
      const { manager } = this.#source;
      const row = await manager.findOneBy(snapshotEntity, { id: SNAPSHOT_ID });
      if (row === null) return undefined;
      const snapshot = snapshotFrom(row, this.#options.file);
      if (row.databases === '') return snapshot;
      const databases = await this.#databases.load(manager, row.databases);
      return { ...snapshot, catalog: { ...snapshot.catalog, databases } };
    });
  }

  save({ appliedIndex, appliedTerm, membership, catalog }: CatalogSnapshot, audit: readonly AuditRow[]): Promise<void> {
    return this.#inTurn(async () => {
      const changes = await this.#databases.plan(catalog);
      const rest = { id: SNAPSHOT_ID, appliedIndex, appliedTerm, membership: membershipText(membership) };
      const row = { ...rest, catalog: textOf(catalog), databases: DatabaseRows.textOf(changes.kept) };
      await this.#source.transaction(async (manager) => {
        await this.#databases.write(manager, changes);
        await manager.upsert(snapshotEntity, { ...row, checksum: checksumOf(row) }, ['id']);
        await this.#append(manager, audit);
      });
      this.#databases.written(changes);
    });
  }

  readAudit(rowCountMax: number): Promise<readonly AuditRow[]> {
    return this.#inTurn(() =>
      this.#source.manager.find(auditEntity, { order: { logIndex: 'DESC' }, take: rowCountMax }),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = this.#inTurn(() => this.#source.destroy());
    this.#isClosed = true;
    await closed;
  }

  /** After a crash the log is applied again from the snapshot on, so a row may come twice: it is the same one. */
  async #append(manager: EntityManager, audit: readonly AuditRow[]): Promise<void> {
    if (audit.length === 0) return;
    await manager.query(APPEND_AUDIT, [JSON.stringify(audit)]);
    await manager.query(
      'DELETE FROM audit WHERE log_index <= (SELECT log_index FROM audit ORDER BY log_index DESC LIMIT 1 OFFSET ?)',
      [this.#options.auditRowCountMax],
    );
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const { file } = this.#options;
    if (this.#isClosed)
      return Promise.reject(new DbError('STORAGE_FAILED', `catalog file ${file} is closed`, { file }));
    const done = this.#last.then(act).catch((error: unknown) => {
      throw storageError(error, file);
    });
    this.#last = done.catch(() => undefined); // who called is told; the next call has its own chance
    return done;
  }
}

/** All of it but the databases, which have rows of their own. */
function textOf(catalog: Catalog): string {
  return new TextDecoder().decode(encodeCatalog({ ...catalog, databases: new Map() }));
}

/** Before TypeORM touches the file: it is new or ours, not of a newer version, and commits to it are synced. */
function prepare(connection: Connection, file: string): void {
  const tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  if (tables.length === 0) connection.pragma(`application_id = ${APPLICATION_ID}`);
  if (connection.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new DbError('STORAGE_CORRUPT', `${file} is not a Varve catalog file`, { file });
  }
  if (tables.length > 0) checkMigrations(connection, file);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('trusted_schema = OFF');
  connection.pragma(`cache_size = -${CACHE_SIZE_BYTES / 1024}`);
  const journalMode = connection.pragma('journal_mode', { simple: true });
  const synchronous = connection.pragma('synchronous', { simple: true });
  if (journalMode !== 'wal' || synchronous !== SYNCHRONOUS_FULL) {
    throw new DbError(
      'STORAGE_FAILED',
      `${file}: SQLite runs with journal_mode ${String(journalMode)}, synchronous ${String(synchronous)}`,
      { file },
    );
  }
}

function checkMigrations(connection: Connection, file: string): void {
  const rows = connection.prepare('SELECT name FROM migrations').all() as { readonly name: string }[];
  const unknown = rows.find(({ name }) => !MIGRATION_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new DbError(
      'STORAGE_NEWER_FORMAT',
      `${file} was written by a newer version of Varve: it went through ${unknown.name}`,
      { file },
    );
  }
}

function snapshotFrom(row: SnapshotRow, file: string): CatalogSnapshot {
  if (row.checksum !== checksumOf(row))
    throw new DbError('STORAGE_CORRUPT', `catalog file ${file}: the snapshot's checksum is wrong`, { file });
  const { appliedIndex, appliedTerm } = row;
  return { appliedIndex, appliedTerm, membership: membershipFrom(row.membership, file), catalog: catalogFrom(row.catalog, file) };
}

/** The checksum was right, so what cannot be read was not written by this version. */
function catalogFrom(text: string, file: string): Catalog {
  try {
    return decodeCatalog(new TextEncoder().encode(text));
  } catch (error) {
    assert(error instanceof DbError, 'decoding throws nothing else');
    const code = error.code === 'STORAGE_NEWER_FORMAT' ? error.code : 'STORAGE_CORRUPT';
    throw new DbError(code, `catalog file ${file}: ${error.message}`, { file }, { cause: error });
  }
}

/** Columns that came later add nothing where they are empty. */
function checksumOf({ appliedIndex, appliedTerm, catalog, membership, databases }: Omit<SnapshotRow, 'checksum'>): number {
  return crc32(databases, crc32(membership, crc32(catalog, crc32(`${appliedIndex} ${appliedTerm} `))));
}
