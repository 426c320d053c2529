import { crc32 } from 'node:zlib';
import { setImmediate as nextRound } from 'node:timers/promises';
import { DbError } from '@varve/base';
import { databaseFromText, databaseToText, type Catalog, type Database, type DatabaseId } from '@varve/model';
import type { EntityManager } from 'typeorm';

/** A database as its row has it. */
interface Kept {
  readonly database: Database;
  readonly checksum: number;
}

/** What has to be written so that the rows are those of a catalog. */
interface RowChanges {
  readonly changed: readonly { readonly id: DatabaseId; readonly document: string }[];
  readonly gone: readonly DatabaseId[];
  readonly kept: ReadonlyMap<DatabaseId, Kept>;
}

/** So many rows are read, made or written before others have their turn: heartbeats must not be late. */
const ROWS_PER_ROUND = 32;

/**
 * The databases of the snapshot, a row each. A database in a catalog is a value that is never changed, so the one that was written
 * last tells whether its row is still right; ids ascend in the order of creation.
 */
export class DatabaseRows {
  readonly #file: string;
  /** What is in the table; undefined when that is not known. */
  #kept: ReadonlyMap<DatabaseId, Kept> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** What the rows come to, beside the snapshot's own checksum: a row that is missing or of another time is found. */
  static textOf(kept: ReadonlyMap<DatabaseId, Kept>): string {
    const checksum = [...kept].reduce((sum, [id, row]) => crc32(`${id} ${row.checksum} `, sum), 0);
    return `${kept.size} ${checksum}`;
  }

  /** All of them, in order of creation. @throws DbError STORAGE_CORRUPT when they do not come to `expected` */
  async load(manager: EntityManager, expected: string): Promise<ReadonlyMap<string, Database>> {
    const kept = new Map<DatabaseId, Kept>();
    for (let afterId = -1; ; await nextRound()) {
      const rows = (await manager.query('SELECT id, document FROM snapshot_database WHERE id > ? ORDER BY id LIMIT ?', [afterId, ROWS_PER_ROUND])) as { readonly id: number; readonly document: string }[];
      for (const { id, document } of rows) kept.set(id, { database: this.#read(document), checksum: crc32(document) });
      if (rows.length < ROWS_PER_ROUND) break;
      afterId = rows.at(-1)!.id;
    }
    if (DatabaseRows.textOf(kept) !== expected) throw this.#damaged('is not of the snapshot beside it');
    this.#kept = kept;
    return new Map([...kept.values()].map(({ database }) => [database.name, database]));
  }

  /** Before the transaction: documents of the databases that have changed. */
  async plan({ databases }: Catalog): Promise<RowChanges> {
    const before = this.#kept ?? new Map<DatabaseId, Kept>();
    const kept = new Map<DatabaseId, Kept>();
    const changed: { id: DatabaseId; document: string }[] = [];
    for (const database of [...databases.values()].toSorted((left, right) => left.id - right.id)) {
      const known = before.get(database.id);
      if (known?.database === database) {
        kept.set(database.id, known);
        continue;
      }
      const document = databaseToText(database);
      kept.set(database.id, { database, checksum: crc32(document) });
      changed.push({ id: database.id, document });
      if (changed.length % ROWS_PER_ROUND === 0) await nextRound();
    }
    return { changed, gone: [...before.keys()].filter((id) => !kept.has(id)), kept };
  }

  /** Inside the transaction. Until it has ended well, `written` is not called, and the next one writes everything. */
  async write(manager: EntityManager, { changed, gone }: RowChanges): Promise<void> {
    const isKnown = this.#kept !== undefined;
    this.#kept = undefined;
    if (!isKnown) await manager.query('DELETE FROM snapshot_database');
    for (const id of gone) await manager.query('DELETE FROM snapshot_database WHERE id = ?', [id]);
    for (const [at, { id, document }] of changed.entries()) {
      await manager.query('INSERT OR REPLACE INTO snapshot_database VALUES (?, ?)', [id, document]);
      if (at % ROWS_PER_ROUND === ROWS_PER_ROUND - 1) await nextRound();
    }
  }

  written({ kept }: RowChanges): void {
    this.#kept = kept;
  }

  #read(document: string): Database {
    try {
      return databaseFromText(document);
    } catch (error) {
      throw this.#damaged('cannot be read', error);
    }
  }

  #damaged(what: string, cause?: unknown): DbError {
    return new DbError('STORAGE_CORRUPT', `catalog file ${this.#file}: a row of its databases ${what}; its checksum is wrong`, { file: this.#file }, { cause });
  }
}
