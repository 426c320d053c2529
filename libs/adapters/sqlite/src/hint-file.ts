import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DbError } from '@varve/base';
import type { DirtyMark, NewHint, StoredHint, StoredHints } from '@varve/ports';
import type { Served } from '@varve/threads';
import {
  applicationIdOf,
  blobOf,
  checkpoint,
  crcOf,
  createSqliteFile,
  makeDirectory,
  openSqliteFile,
  PAGE_SIZE_BYTES,
  type FileFormat,
  type SqliteDatabase,
  type SqliteStatement,
} from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

export interface HintFileOptions {
  readonly file: string;
}

const FORMAT: FileFormat = {
  kind: 'hints',
  applicationId: applicationIdOf('VRHT'),
  version: 1,
  // The frame stands last, so that reading the rest of a row does not touch it. AUTOINCREMENT: an id is never given again.
  schema: `
    CREATE TABLE hint (
      hint_id INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, shard INTEGER NOT NULL, incarnation INTEGER NOT NULL,
      number INTEGER NOT NULL, trace_parent TEXT NOT NULL, size_bytes INTEGER NOT NULL, crc INTEGER NOT NULL,
      frame_crc INTEGER NOT NULL, frame BLOB NOT NULL
    );
    CREATE TABLE mark (owner INTEGER NOT NULL, shard INTEGER NOT NULL, PRIMARY KEY (owner, shard)) WITHOUT ROWID`,
};
const CACHE_SIZE_BYTES = 2 * 1024 * 1024;
/** Bytes in the WAL after which it is moved into the file. */
const CHECKPOINT_SIZE_BYTES = 16 * 1024 * 1024;

/** Hints in one SQLite file; runs in a storage worker. After a failed write it refuses all others. Room of removed hints is used again. */
export class HintFile implements Served {
  readonly #path: string;
  readonly #database: SqliteDatabase;
  readonly #put: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #mark: SqliteStatement;
  readonly #unmark: SqliteStatement;
  readonly #readFrame: SqliteStatement;
  #failure: DbError | undefined;
  #walSizeBytes = 0;

  constructor({ file }: HintFileOptions) {
    this.#path = file;
    makeDirectory(dirname(file));
    const open = existsSync(file) ? openSqliteFile : createSqliteFile;
    this.#database = open(file, FORMAT, { cacheSizeBytes: CACHE_SIZE_BYTES });
    const prepare = (sql: string): SqliteStatement => inFile(file, () => this.#database.prepare(sql));
    this.#put = prepare('INSERT INTO hint (owner, shard, incarnation, number, trace_parent, size_bytes, crc, frame_crc, frame) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#remove = prepare('DELETE FROM hint WHERE hint_id = ?');
    this.#mark = prepare('INSERT OR IGNORE INTO mark VALUES (?, ?)');
    this.#unmark = prepare('DELETE FROM mark WHERE owner = ? AND shard = ?');
    this.#readFrame = prepare('SELECT frame_crc, frame FROM hint WHERE hint_id = ?').raw();
  }

  /** A row whose own columns are damaged is removed: nobody knows any more whom it was for. */
  load(): StoredHints {
    const hints: StoredHint[] = [];
    const damagedIds: number[] = [];
    for (const row of this.#readRows()) {
      if (isSound(row)) hints.push(hintOf(row));
      else damagedIds.push(row[0]);
    }
    if (damagedIds.length > 0) this.replace(damagedIds, []);
    const marks = inFile(this.#path, () => this.#database.prepare('SELECT owner, shard FROM mark ORDER BY owner, shard').all() as DirtyMark[]);
    return { hints, marks, damagedCount: damagedIds.length };
  }

  append(hints: readonly NewHint[]): readonly number[] {
    let ids: readonly number[] = [];
    this.#write(() => {
      ids = hints.map((hint) => this.#insert(hint));
    });
    return ids;
  }

  readFrames(hintIds: readonly number[]): readonly (Uint8Array | undefined)[] {
    return inFile(this.#path, () =>
      hintIds.map((hintId) => {
        const [crc, frame] = (this.#readFrame.get(hintId) ?? []) as [number?, unknown?];
        const bytes = blobOf(frame);
        return crc === crcOf([], bytes) ? new Uint8Array(bytes) : undefined;
      }),
    );
  }

  replace(hintIds: readonly number[], marks: readonly DirtyMark[]): void {
    this.#write(() => {
      for (const hintId of hintIds) this.#remove.run(hintId);
      for (const { owner, shard } of marks) this.#mark.run(owner, shard);
    });
  }

  clearMarks(marks: readonly DirtyMark[]): void {
    this.#write(() => {
      for (const { owner, shard } of marks) this.#unmark.run(owner, shard);
    });
  }

  afterReply(): void {
    if (this.#walSizeBytes < CHECKPOINT_SIZE_BYTES || this.#failure !== undefined) return;
    this.#walSizeBytes = 0;
    try {
      checkpoint(this.#database, 'TRUNCATE');
    } catch (error) {
      this.#failure = error as DbError; // an fsync that failed is not tried again
    }
  }

  close(): void {
    this.#database.close();
  }

  #readRows(): readonly HintRow[] {
    return inFile(
      this.#path,
      () =>
        this.#database
          .prepare('SELECT hint_id, owner, shard, incarnation, number, size_bytes, crc, trace_parent FROM hint ORDER BY hint_id')
          .raw()
          .all() as unknown as HintRow[],
    );
  }

  #insert({ owner, shard, incarnation, number, traceParent = '', frame }: NewHint): number {
    const crc = crcOf([owner, shard, incarnation, number, frame.length], new TextEncoder().encode(traceParent));
    const { lastInsertRowid } = this.#put.run(owner, shard, incarnation, number, traceParent, frame.length, crc, crcOf([], frame), frame);
    this.#walSizeBytes += frame.length;
    return Number(lastInsertRowid);
  }

  #write(change: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      inFile(this.#path, () => this.#database.transaction(change)());
    } catch (error) {
      // A full disk may have room again; after any other failure nobody knows what the file holds.
      if (error instanceof DbError && error.code !== 'STORAGE_FULL') this.#failure = error;
      throw error;
    }
    this.#walSizeBytes += 2 * PAGE_SIZE_BYTES; // at least
  }
}

type HintRow = readonly [hintId: number, owner: number, shard: number, incarnation: number, number: number, sizeBytes: number, crc: number, traceParent: string];

function isSound([, owner, shard, incarnation, number, sizeBytes, crc, traceParent]: HintRow): boolean {
  return crc === crcOf([owner, shard, incarnation, number, sizeBytes], new TextEncoder().encode(String(traceParent)));
}

function hintOf([hintId, owner, shard, incarnation, number, sizeBytes, , traceParent]: HintRow): StoredHint {
  return { hintId, owner, shard, incarnation, number, sizeBytes, traceParent: traceParent === '' ? undefined : traceParent };
}
