import type { ShardChange, ShardState, StoredChunk, StoredSeries } from '@varve/ports';
import {
  applicationIdOf,
  checkpoint,
  createSqliteFile,
  openSqliteFile,
  type FileFormat,
  type SqliteDatabase,
  type SqliteStatement,
} from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

const FORMAT: FileFormat = {
  kind: 'shard',
  applicationId: applicationIdOf('VRSH'),
  version: 1,
  // Blobs live in ordinary rowid tables: WITHOUT ROWID takes three times the space. AUTOINCREMENT: no id is given twice.
  schema: `
    CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL);
    CREATE TABLE chunk (
      id INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL, min_offset_ns INTEGER NOT NULL, max_offset_ns INTEGER NOT NULL,
      header BLOB NOT NULL, payload BLOB NOT NULL
    );
    CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 0), flushed_seq INTEGER NOT NULL, vector BLOB NOT NULL)`,
};
/** Payloads are cached by those who know which ones are wanted again. */
const CACHE_SIZE_BYTES = 512 * 1024;

/** A shard that has no file yet, or one without a commit. */
export const EMPTY_SHARD_STATE: ShardState = { flushedSeq: 0, vector: new Uint8Array(0) };

/** One shard's chunks in one SQLite file; the checksums inside the blobs are the business of those who read them. */
export class ShardFile {
  readonly #database: SqliteDatabase;
  readonly #payload: SqliteStatement;
  /** The WAL holds commits that are not in the file itself yet. */
  #isCheckpointDue = false;

  /** Creates the file when asked to; otherwise it must be there. */
  constructor(path: string, { isNew }: { readonly isNew: boolean }) {
    this.#database = (isNew ? createSqliteFile : openSqliteFile)(path, FORMAT, { cacheSizeBytes: CACHE_SIZE_BYTES });
    this.#payload = this.#database.prepare('SELECT payload FROM chunk WHERE id = ?').pluck();
  }

  readState(): ShardState {
    const row = this.#rows('SELECT flushed_seq, vector FROM state')[0] as [number, Uint8Array] | undefined;
    return row === undefined ? EMPTY_SHARD_STATE : { flushedSeq: row[0], vector: bytesOf(row[1]) };
  }

  readSeries(): StoredSeries[] {
    const rows = this.#rows('SELECT id, key FROM series ORDER BY id') as [number, string][];
    return rows.map(([seriesId, key]) => ({ seriesId, key }));
  }

  readChunkHeaders(): StoredChunk[] {
    const query = 'SELECT id, series, min_offset_ns, max_offset_ns, header, length(payload) FROM chunk ORDER BY id';
    const rows = this.#rows(query) as [number, number, number, number, Uint8Array, number][];
    return rows.map(([chunkId, seriesId, minOffsetNs, maxOffsetNs, header, payloadSizeBytes]) => ({
      chunkId,
      seriesId,
      minOffsetNs,
      maxOffsetNs,
      header: bytesOf(header),
      payloadSizeBytes,
    }));
  }

  readPayloads(chunkIds: readonly number[]): (Uint8Array | undefined)[] {
    return inFile(this.#database.name, () =>
      chunkIds.map((chunkId) => {
        const payload = this.#payload.get(chunkId) as Uint8Array | undefined;
        return payload === undefined ? undefined : bytesOf(payload);
      }),
    );
  }

  /** One transaction. @throws DbError STORAGE_FULL, STORAGE_FAILED: nothing was changed */
  commit({ series, chunks, removedChunkIds, state }: ShardChange): number[] {
    const database = this.#database;
    const apply = database.transaction(() => {
      const putSeries = database.prepare('INSERT INTO series (id, key) VALUES (?, ?)');
      const removeChunk = database.prepare('DELETE FROM chunk WHERE id = ?');
      const putChunk = database.prepare(
        'INSERT INTO chunk (series, min_offset_ns, max_offset_ns, header, payload) VALUES (?, ?, ?, ?, ?)',
      );
      for (const { seriesId, key } of series) putSeries.run(seriesId, key);
      for (const chunkId of removedChunkIds) removeChunk.run(chunkId);
      database
        .prepare('REPLACE INTO state (id, flushed_seq, vector) VALUES (0, ?, ?)')
        .run(state.flushedSeq, state.vector);
      return chunks.map(({ seriesId, minOffsetNs, maxOffsetNs, header, payload }) =>
        Number(putChunk.run(seriesId, minOffsetNs, maxOffsetNs, header, payload).lastInsertRowid),
      );
    });
    const chunkIds = inFile(database.name, () => apply());
    this.#isCheckpointDue = true;
    return chunkIds;
  }

  /** Gives the WAL's space back. @throws DbError STORAGE_FULL, STORAGE_FAILED: what was committed still is */
  checkpoint(): void {
    if (this.#isCheckpointDue) checkpoint(this.#database, 'TRUNCATE');
    this.#isCheckpointDue = false;
  }

  close(): void {
    this.#database.close();
  }

  #rows(query: string): unknown[] {
    return inFile(this.#database.name, () => this.#database.prepare(query).raw().all());
  }
}

/** The driver's Buffer as plain bytes, without a copy. */
function bytesOf(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
