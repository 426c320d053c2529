import type { SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { DamagedJournalRow, JournalExtent, JournalRow } from '@varve/ports';
import {
  applicationIdOf,
  blobOf,
  checkIntegrity,
  checkpoint,
  crcOf,
  createSqliteFile,
  damagedFile,
  openSqliteFile,
  PAGE_SIZE_BYTES,
  sqliteFileSizeBytes,
  type FileFormat,
  type SqliteDatabase,
  type SqliteStatement,
} from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

const FORMAT: FileFormat = {
  kind: 'journal',
  applicationId: applicationIdOf('VRJL'),
  version: 1,
  // Row ids count from 1 without holes, because rows are never deleted: the file is unlinked as a whole.
  schema: `
    CREATE TABLE row (id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, seq INTEGER NOT NULL, crc INTEGER NOT NULL, frame BLOB NOT NULL);
    CREATE UNIQUE INDEX row_of_shard ON row (shard, seq);
    CREATE TABLE trimmed (shard INTEGER PRIMARY KEY, through_seq INTEGER NOT NULL, crc INTEGER NOT NULL)`,
};
const CACHE_SIZE_BYTES = 2 * 1024 * 1024;
/** What a row takes beside its frame, about. */
const ROW_SIZE_BYTES = 48;
/** What a commit of no more than a small row writes into the WAL: pages as a whole. */
const COMMIT_SIZE_BYTES = 3 * PAGE_SIZE_BYTES;

/** One journal file, open: rows of all shards in the order of their commits. */
export class JournalFile {
  readonly path: string;
  readonly #database: SqliteDatabase;
  readonly #putRow: SqliteStatement;
  readonly #putTrim: SqliteStatement;
  #sizeBytes: SizeBytes;
  #walSizeBytes: SizeBytes = 0;

  /** Creates the file when asked to; otherwise it must be there. */
  constructor(path: string, { isNew }: { readonly isNew: boolean }) {
    this.path = path;
    this.#database = (isNew ? createSqliteFile : openSqliteFile)(path, FORMAT, { cacheSizeBytes: CACHE_SIZE_BYTES });
    const prepare = (sql: string): SqliteStatement => inFile(path, () => this.#database.prepare(sql));
    this.#putRow = prepare('INSERT INTO row (shard, seq, crc, frame) VALUES (?, ?, ?, ?)');
    this.#putTrim = prepare('REPLACE INTO trimmed (shard, through_seq, crc) VALUES (?, ?, ?)');
    this.#sizeBytes = sqliteFileSizeBytes(path);
  }

  /** Bytes in the file, about: what was written since it was opened is estimated. */
  get sizeBytes(): SizeBytes {
    return this.#sizeBytes;
  }

  /** Bytes written since the last checkpoint, about. */
  get walSizeBytes(): SizeBytes {
    return this.#walSizeBytes;
  }

  /** One transaction, durable when it returns. @throws DbError STORAGE_FULL, STORAGE_FAILED: nothing was written */
  commit(rows: readonly JournalRow[], trims: Iterable<readonly [ShardId, number]>): void {
    inFile(this.path, () =>
      this.#database.transaction(() => {
        for (const { shard, seq, frame } of rows) this.#putRow.run(shard, seq, crcOf([shard, seq], frame), frame);
        for (const [shard, throughSeq] of trims) this.#putTrim.run(shard, throughSeq, crcOf([shard, throughSeq]));
      })(),
    );
    const writtenBytes = rows.reduce((sum, { frame }) => sum + frame.length + ROW_SIZE_BYTES, 0);
    this.#sizeBytes += writtenBytes;
    this.#walSizeBytes += writtenBytes + COMMIT_SIZE_BYTES;
  }

  /** Checks the whole file, but for the frames. @throws DbError STORAGE_CORRUPT */
  extents(): JournalExtent[] {
    checkIntegrity(this.#database);
    return inFile(this.path, () => {
      const [rowCount, lastId] = this.#database.prepare('SELECT count(*), ifnull(max(id), 0) FROM row').raw().get() as [
        number,
        number,
      ];
      if (rowCount !== lastId) throw damagedFile(this.path, `${rowCount} rows are there, ${lastId} were written`);
      const query = 'SELECT shard, min(seq), max(seq) FROM row GROUP BY shard ORDER BY shard';
      const rows = this.#database.prepare(query).raw().all() as [number, number, number][];
      return rows.map(([shard, firstSeq, lastSeq]) => ({ shard, firstSeq, lastSeq }));
    });
  }

  /** @throws DbError STORAGE_CORRUPT when one is not as it was written */
  trims(): (readonly [ShardId, number])[] {
    return inFile(this.path, () => {
      const rows = this.#database.prepare('SELECT shard, through_seq, crc FROM trimmed').raw().all() as [
        number,
        number,
        number,
      ][];
      return rows.map(([shard, throughSeq, crc]) => {
        if (crc !== crcOf([shard, throughSeq]))
          throw damagedFile(this.path, `the checksum of the trim of shard ${shard} is wrong`);
        return [shard, throughSeq] as const;
      });
    });
  }

  /**
   * Rows of a shard above `afterSeq`, ascending, until their frames are `sizeBytesMax` large together; at least one when
   * there is one. A damaged one is there without its frame.
   */
  read(shard: ShardId, afterSeq: number, sizeBytesMax: SizeBytes): (JournalRow | DamagedJournalRow)[] {
    return inFile(this.path, () => {
      const found = this.#database
        .prepare('SELECT seq, crc, frame FROM row WHERE shard = ? AND seq > ? ORDER BY seq')
        .raw();
      const rows: (JournalRow | DamagedJournalRow)[] = [];
      let readBytes = 0;
      for (const each of found.iterate(shard, afterSeq)) {
        const [seq, crc, blob] = each as [number, number, unknown];
        const frame = blobOf(blob);
        const damage = `the checksum of row ${seq} of shard ${shard} is wrong`;
        rows.push(crc === crcOf([shard, seq], frame) ? { shard, seq, frame } : { shard, seq, frame: undefined, damage: damagedFile(this.path, damage).message });
        readBytes += frame.length;
        if (readBytes >= sizeBytesMax) break;
      }
      return rows;
    });
  }

  /** Moves the WAL into the file. @throws DbError STORAGE_FULL, STORAGE_FAILED */
  checkpoint(): void {
    checkpoint(this.#database, 'PASSIVE');
    this.#walSizeBytes = 0;
  }

  close(): void {
    this.#database.close();
  }
}
