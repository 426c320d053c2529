import type { DbError } from '@varve/base';
import { NO_WATERMARK, type ShardId } from '@varve/model';
import type { NewChunk, ShardChange, ShardState, StoredChunk, StoredSeries, StoredTombstone } from '@varve/ports';
import {
  applicationIdOf,
  blobOf,
  buildSqliteFile,
  checkpoint,
  crcOf,
  damagedFile,
  openSqliteFile,
  type FileFormat,
  type SqliteDatabase,
  type SqliteStatement,
} from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

/** A shard that has no file yet, or one without a commit. */
export const EMPTY_SHARD_STATE: ShardState = { flushedSeq: 0, vector: new Uint8Array(0), watermark: NO_WATERMARK, hadDeletes: false };

/** Chunks end in a page of their own, half of which is empty on average. */
const PAGE_SIZE_BYTES = 4_096;
const FORMAT: FileFormat = {
  kind: 'shard',
  applicationId: applicationIdOf('VRSH'),
  version: 5,
  oldestVersion: 5,
  pageSizeBytes: PAGE_SIZE_BYTES,
  // Blobs live in ordinary rowid tables: WITHOUT ROWID takes three times the space. Checksums cover everything but headers and
  // payloads, which have their own; `state` counts the rows of the other tables, so that a lost one is noticed, and the ids
  // given to chunks, and says whose file this is.
  schema: `
    CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE chunk (
      id INTEGER PRIMARY KEY, first_series INTEGER NOT NULL, last_series INTEGER NOT NULL, min_offset_ns INTEGER NOT NULL, max_offset_ns INTEGER NOT NULL,
      row_count INTEGER NOT NULL, tier INTEGER NOT NULL, written_seq INTEGER NOT NULL, is_damaged INTEGER NOT NULL, crc INTEGER NOT NULL, header BLOB NOT NULL, payload BLOB NOT NULL
    );
    CREATE TABLE tombstone (seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, frame BLOB NOT NULL);
    CREATE TABLE state (
      id INTEGER PRIMARY KEY CHECK (id = 0), shard INTEGER NOT NULL, flushed_seq INTEGER NOT NULL, series_count INTEGER NOT NULL, chunk_count INTEGER NOT NULL,
      tombstone_count INTEGER NOT NULL, next_chunk_id INTEGER NOT NULL,
      watermark_ms INTEGER NOT NULL, watermark_counter INTEGER NOT NULL, watermark_incarnation INTEGER NOT NULL, had_deletes INTEGER NOT NULL, crc INTEGER NOT NULL, vector BLOB NOT NULL
    )`,
};
/** So many series are read together: the thread that reads has a small heap. */
const SERIES_PAGE_COUNT = 4_096;
/** Bytes are cached by those who know which ones are wanted again. */
const CACHE_SIZE_BYTES = 512 * 1024;

/** Up to where a file's series were read. */
export interface SeriesPlace {
  readonly afterId: number;
  readonly countBefore: number;
}

interface StateRow {
  readonly state: ShardState;
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly tombstoneCount: number;
  /** No id is given twice, also when its chunk is gone. */
  readonly nextChunkId: number;
}

type ChunkNumbers = [number, number, number, number, number, number, number, number, number, number, number];
type StateNumbers = [number, number, number, number, number, number, number, number, number, number, number];

const EMPTY_ROW: StateRow = { state: EMPTY_SHARD_STATE, seriesCount: 0, chunkCount: 0, tombstoneCount: 0, nextChunkId: 1 };

/** One shard's chunks in one SQLite file. The checksums inside payloads are the business of those who read them. */
export class ShardFile {
  readonly #path: string;
  readonly #shard: ShardId;
  readonly #database: SqliteDatabase;
  readonly #header: SqliteStatement;
  readonly #payload: SqliteStatement;
  #row: StateRow;
  /** The WAL holds commits that are not in the file itself yet. */
  #isCheckpointDue = false;

  /** Creates the file when asked to; otherwise it must be there, and be this shard's. */
  constructor(path: string, { shard, isNew }: { readonly shard: ShardId; readonly isNew: boolean }) {
    this.#path = path;
    this.#shard = shard;
    const options = { cacheSizeBytes: CACHE_SIZE_BYTES };
    if (isNew) buildSqliteFile(path, FORMAT, options, (database) => putRow(database, shard, EMPTY_ROW));
    this.#database = openSqliteFile(path, FORMAT, options);
    this.#header = inFile(path, () => this.#database.prepare('SELECT header FROM chunk WHERE id = ?').pluck());
    this.#payload = inFile(path, () => this.#database.prepare('SELECT payload FROM chunk WHERE id = ?').pluck());
    this.#row = this.#readRow();
  }

  readState(): ShardState {
    return { ...this.#row.state, vector: this.#row.state.vector.slice() };
  }

  /**
   * The next series after so many, the last of which is `afterId`; none when these were all.
   * @throws DbError STORAGE_CORRUPT when they are not as they were written
   */
  readSeries({ afterId, countBefore }: SeriesPlace): StoredSeries[] {
    const query = `SELECT id, crc, key FROM series WHERE id > ${afterId} ORDER BY id LIMIT ${SERIES_PAGE_COUNT}`;
    const series = this.#rows(query).map(({ numbers, last }) => {
      const [seriesId, crc] = numbers as [number, number];
      const key = String(last);
      if (crc !== crcOfSeries({ seriesId, key })) throw this.#damaged(`the checksum of series ${seriesId} is wrong`);
      return { seriesId, key };
    });
    const ids = series.map(({ seriesId }) => seriesId);
    const isEnd = series.length < SERIES_PAGE_COUNT;
    this.#checkIds('series', ids, isEnd ? this.#row.seriesCount - countBefore : SERIES_PAGE_COUNT);
    return series;
  }

  /** @throws DbError STORAGE_CORRUPT when they are not as they were written */
  readChunks(): StoredChunk[] {
    const chunks = this.#chunksWhere('1');
    const ids = chunks.map(({ chunkId }) => chunkId);
    this.#checkIds('chunks', ids, this.#row.chunkCount);
    return chunks;
  }

  /** @throws DbError STORAGE_CORRUPT when they are not as they were written */
  readTombstones(): StoredTombstone[] {
    const tombstones = this.#rows('SELECT seq, crc, frame FROM tombstone ORDER BY seq').map(({ numbers, last }) => {
      const [seq, crc] = numbers as [number, number];
      const frame = blobOf(last).slice();
      if (crc !== crcOf([seq], frame)) throw this.#damaged(`the checksum of tombstone ${seq} is wrong`);
      return { seq, frame };
    });
    const seqs = tombstones.map(({ seq }) => seq);
    this.#checkIds('tombstones', seqs, this.#row.tombstoneCount);
    return tombstones;
  }

  readHeaders(chunkIds: readonly number[]): (Uint8Array | undefined)[] {
    return this.#blobs(this.#header, chunkIds);
  }

  readPayloads(chunkIds: readonly number[]): (Uint8Array | undefined)[] {
    return this.#blobs(this.#payload, chunkIds);
  }

  /** A chunk that is not there is left out. @throws DbError STORAGE_CORRUPT, STORAGE_FULL, STORAGE_FAILED: nothing was changed */
  markDamaged(chunkId: number): void {
    for (const chunk of this.#chunksWhere(`id = ${chunkId}`)) {
      inFile(this.#path, () => this.#database.prepare('UPDATE chunk SET is_damaged = 1, crc = ? WHERE id = ?').run(crcOfChunk({ ...chunk, isDamaged: true }), chunkId));
      this.#isCheckpointDue = true;
    }
  }

  /** One transaction. @throws DbError STORAGE_FULL, STORAGE_FAILED: nothing was changed */
  commit(change: ShardChange): number[] {
    const apply = this.#database.transaction(() => {
      const before = this.#row;
      this.#putSeries(change.series);
      const removedCount = this.#remove('DELETE FROM chunk WHERE id = ?', change.removedChunkIds);
      const chunkIds = this.#putChunks(change, before.nextChunkId);
      const removedTombstoneCount = this.#remove('DELETE FROM tombstone WHERE seq = ?', change.removedTombstoneSeqs);
      this.#putTombstones(change.tombstones);
      const row = {
        state: { ...change.state, vector: change.state.vector.slice() },
        seriesCount: before.seriesCount + change.series.length,
        chunkCount: before.chunkCount + chunkIds.length - removedCount,
        tombstoneCount: before.tombstoneCount + change.tombstones.length - removedTombstoneCount,
        nextChunkId: before.nextChunkId + chunkIds.length,
      };
      putRow(this.#database, this.#shard, row);
      return { chunkIds, row };
    });
    const { chunkIds, row } = inFile(this.#path, () => apply());
    this.#row = row;
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

  /** Without their bytes, ascending. */
  #chunksWhere(condition: string): StoredChunk[] {
    const columns = 'id, first_series, last_series, min_offset_ns, max_offset_ns, row_count, tier, written_seq, is_damaged, length(header), length(payload), crc';
    return this.#rows(`SELECT ${columns} FROM chunk WHERE ${condition} ORDER BY id`).map(({ numbers, last }) => {
      const [chunkId, firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount, tier, writtenSeq, damaged, headerSizeBytes, payloadSizeBytes] = numbers as ChunkNumbers;
      const chunk = { chunkId, firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount, tier, writtenSeq, headerSizeBytes, payloadSizeBytes, isDamaged: damaged !== 0 };
      if (Number(last) !== crcOfChunk(chunk)) throw this.#damaged(`the checksum of chunk ${chunkId} is wrong`);
      return chunk;
    });
  }

  #putSeries(series: readonly StoredSeries[]): void {
    const put = this.#database.prepare('INSERT INTO series (id, key, crc) VALUES (?, ?, ?)');
    for (const each of series) put.run(each.seriesId, each.key, crcOfSeries(each));
  }

  #putTombstones(tombstones: readonly StoredTombstone[]): void {
    const put = this.#database.prepare('INSERT INTO tombstone (seq, crc, frame) VALUES (?, ?, ?)');
    for (const { seq, frame } of tombstones) put.run(seq, crcOf([seq], frame), frame);
  }

  /** @returns how many were there */
  #remove(statement: string, ids: readonly number[]): number {
    const remove = this.#database.prepare(statement);
    return ids.reduce((count, id) => count + remove.run(id).changes, 0);
  }

  #putChunks({ chunks, state: { flushedSeq: writtenSeq } }: { readonly chunks: readonly NewChunk[]; readonly state: ShardState }, firstId: number): number[] {
    const put = this.#database.prepare('INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)');
    return chunks.map(({ header, payload, ...extent }, index) => {
      const chunkId = firstId + index;
      const { firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount, tier } = extent;
      const crc = crcOfChunk({ ...extent, chunkId, writtenSeq, headerSizeBytes: header.length, payloadSizeBytes: payload.length, isDamaged: false });
      put.run(chunkId, firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount, tier, writtenSeq, crc, header, payload);
      return chunkId;
    });
  }

  #readRow(): StateRow {
    const columns = 'shard, flushed_seq, series_count, chunk_count, tombstone_count, next_chunk_id, watermark_ms, watermark_counter, watermark_incarnation, had_deletes, crc, vector';
    const [found] = this.#rows(`SELECT ${columns} FROM state`);
    if (found === undefined) throw this.#damaged('its state is missing');
    const [shard, flushedSeq, seriesCount, chunkCount, tombstoneCount, nextChunkId, wallMs, counter, incarnation, hadDeletes, crc] = found.numbers as StateNumbers;
    const vector = blobOf(found.last).slice();
    if (crc !== crcOf(found.numbers.slice(0, -1), vector)) throw this.#damaged('the checksum of its state is wrong');
    if (shard !== this.#shard) throw this.#damaged(`it is the file of shard ${shard}: put each file back under its own name`);
    return { state: { flushedSeq, vector, watermark: { wallMs, counter, incarnation }, hadDeletes: hadDeletes !== 0 }, seriesCount, chunkCount, tombstoneCount, nextChunkId };
  }

  #blobs(statement: SqliteStatement, chunkIds: readonly number[]): (Uint8Array | undefined)[] {
    return inFile(this.#path, () =>
      chunkIds.map((chunkId) => {
        const blob: unknown = statement.get(chunkId);
        return blob === undefined ? undefined : blobOf(blob);
      }),
    );
  }

  /** As many as were written, each once. */
  #checkIds(what: string, ids: readonly number[], count: number): void {
    if (ids.length !== count) throw this.#damaged(`${ids.length} ${what} are there, ${count} were written`);
    const repeated = ids.findIndex((id, index) => index > 0 && id <= ids[index - 1]!);
    if (repeated >= 0) throw this.#damaged(`its ${what} are not in order at ${ids[repeated]}`);
  }

  /** Rows of numbers with a text or blob at their end. In a damaged file null may stand for a number. */
  #rows(query: string): { readonly numbers: readonly number[]; readonly last: unknown }[] {
    const rows = inFile(this.#path, () => this.#database.prepare(query).raw().all() as unknown[][]);
    return rows.map((row) => ({ numbers: row.slice(0, -1).map(Number), last: row.at(-1) }));
  }

  #damaged(what: string): DbError {
    return damagedFile(this.#path, what);
  }
}

function putRow(database: SqliteDatabase, shard: ShardId, { state: { flushedSeq, vector, watermark, hadDeletes }, seriesCount, chunkCount, tombstoneCount, nextChunkId }: StateRow): void {
  const numbers = [shard, flushedSeq, seriesCount, chunkCount, tombstoneCount, nextChunkId, watermark.wallMs, watermark.counter, watermark.incarnation, Number(hadDeletes)];
  database.prepare('REPLACE INTO state VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...numbers, crcOf(numbers, vector), vector);
}

function crcOfSeries({ seriesId, key }: StoredSeries): number {
  return crcOf([seriesId], textEncoder.encode(key));
}

function crcOfChunk({ chunkId, firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount, tier, writtenSeq, isDamaged, headerSizeBytes, payloadSizeBytes }: StoredChunk): number {
  return crcOf([chunkId, firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount, tier, writtenSeq, Number(isDamaged), headerSizeBytes, payloadSizeBytes]);
}

const textEncoder = new TextEncoder();
