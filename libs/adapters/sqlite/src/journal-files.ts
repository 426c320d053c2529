import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert, DbError, type SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { DamagedJournalRow, JournalExtent, JournalRow } from '@varve/ports';
import type { Served } from '@varve/threads';
import { JournalFile } from './journal-file.ts';
import { damagedFile, makeDirectory, makeWal, removeSqliteFile, sqliteFileSizeBytes } from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

export interface JournalFilesOptions {
  readonly directory: string;
  /** A file of this size is followed by the next one. Default 64 MiB. */
  readonly fileSizeBytesMax?: SizeBytes;
}

/** Rows of several calls, packed for the way to the worker. */
export interface JournalBatch {
  /** Per row: shard, seq, length of its frame. */
  readonly heads: Float64Array;
  /** All frames, one after the other. */
  readonly frames: Uint8Array;
}

/** A file and what it holds. Only the newest is written, and open all the time. */
interface KnownFile {
  readonly number: number;
  readonly path: string;
  readonly extents: Map<ShardId, JournalExtent>;
}

const FILE_SIZE_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes in the WAL after which they are moved into the file: about 20 ms of work, between two commits. */
const CHECKPOINT_SIZE_BYTES = 4 * 1024 * 1024;
/** Frames of one answer to a read. */
const PAGE_SIZE_BYTES_MAX = 4 * 1024 * 1024;
/** A smaller file is not worth the new one that would take its place. */
const ROTATED_SIZE_BYTES_MIN = 1024 * 1024;
const FILE_NAME = /^journal-(\d{6,})\.sqlite$/;

/**
 * The journal of a data node: numbered files of rows; runs in a storage worker. Rows are never deleted: a file is unlinked
 * when every row in it is trimmed. Before that the trims are durable in the newest file, so that an older row which comes
 * back, or stands beside a gap, is known to be trimmed.
 *
 *   journal-000007.sqlite   shard 1: 40..61 (trimmed), shard 2: 5..9      kept for shard 2
 *   journal-000008.sqlite   shard 1: 62..80 (trimmed)                     unlinked
 *   journal-000009.sqlite   shard 1: 81..84; trimmed: 1 → 80              written
 */
export class JournalFiles implements Served {
  readonly #directory: string;
  readonly #fileSizeBytesMax: SizeBytes;
  /** Ascending by number. */
  #files: KnownFile[];
  #active: JournalFile;
  readonly #trimmed = new Map<ShardId, number>();
  #failure: DbError | undefined;

  constructor({ directory, fileSizeBytesMax = FILE_SIZE_BYTES_MAX }: JournalFilesOptions) {
    this.#directory = directory;
    this.#fileSizeBytesMax = fileSizeBytesMax;
    makeDirectory(directory);
    removeLeftovers(directory);
    this.#files = listFiles(directory).map((file) => this.#take(file));
    const newest = this.#files.at(-1);
    this.#active = newest === undefined ? this.#create(1) : new JournalFile(newest.path, { isNew: false });
    makeWal(this.#active.path);
  }

  /** The last seq of each shard that has rows, trimmed or not. */
  lastSeqs(): [ShardId, number][] {
    const last = new Map<ShardId, number>();
    for (const { extents } of this.#files) for (const { shard, lastSeq } of extents.values()) last.set(shard, lastSeq);
    return [...last];
  }

  /** All rows or none. After a failure every later write fails too. @throws DbError STORAGE_FULL, STORAGE_FAILED */
  append({ heads, frames }: JournalBatch): void {
    const rows = unpack({ heads, frames });
    this.#write(() => {
      if (this.#active.sizeBytes >= this.#fileSizeBytesMax && this.#files.at(-1)!.extents.size > 0) this.#rotate();
      this.#active.commit(rows, []);
    });
    const { extents } = this.#files.at(-1)!;
    for (const { shard, seq } of rows)
      extents.set(shard, { shard, firstSeq: extents.get(shard)?.firstSeq ?? seq, lastSeq: seq });
  }

  trim(shard: ShardId, throughSeq: number): void {
    const lastSeq = Math.max(0, ...this.#extentsOf(shard).map((extent) => extent.lastSeq));
    const trimmedSeq = Math.min(throughSeq, lastSeq);
    if (trimmedSeq <= (this.#trimmed.get(shard) ?? 0)) return;
    this.#write(() => {
      this.#active.commit([], [[shard, trimmedSeq]]);
      this.#trimmed.set(shard, trimmedSeq);
      if (this.#isTrimmed(this.#files.at(-1)!) && this.#active.sizeBytes >= ROTATED_SIZE_BYTES_MIN) this.#rotate();
      this.#unlinkTrimmed();
    });
  }

  /** Rows of one shard above `afterSeq`, a page of them; none when there are no more. @throws DbError STORAGE_CORRUPT */
  readPage(shard: ShardId, afterSeq: number): (JournalRow | DamagedJournalRow)[] {
    const fromSeq = Math.max(afterSeq, this.#trimmed.get(shard) ?? 0);
    const file = this.#files.find(({ extents }) => (extents.get(shard)?.lastSeq ?? 0) > fromSeq);
    if (file === undefined) return [];
    const rows = this.#readFile(file, shard, fromSeq);
    const firstSeq = Math.max(fromSeq + 1, this.#firstSeq(shard));
    for (const [index, { seq }] of rows.entries()) {
      if (seq !== firstSeq + index)
        throw damagedFile(file.path, `row ${seq} of shard ${shard} stands where ${firstSeq + index} is due`);
    }
    if (rows.length === 0) throw damagedFile(file.path, `rows of shard ${shard} from ${firstSeq} on are missing`);
    return rows;
  }

  extents(): JournalExtent[] {
    return this.lastSeqs()
      .map(([shard, lastSeq]) => ({ shard, firstSeq: this.#firstSeq(shard), lastSeq }))
      .filter(({ firstSeq, lastSeq }) => firstSeq <= lastSeq)
      .sort((left, right) => left.shard - right.shard);
  }

  sizeBytes(): SizeBytes {
    return inFile(this.#directory, () => this.#files.reduce((sum, { path }) => sum + sqliteFileSizeBytes(path), 0));
  }

  afterReply(): void {
    if (this.#active.walSizeBytes < CHECKPOINT_SIZE_BYTES || this.#failure !== undefined) return;
    try {
      this.#write(() => this.#active.checkpoint());
    } catch (error) {
      if (!(error instanceof DbError)) throw error; // what was appended is durable in the WAL; the next append fails
    }
  }

  close(): void {
    this.#active.close();
  }

  /** Of the rows that are not trimmed. Only below it may rows be missing. */
  #firstSeq(shard: ShardId): number {
    const trimmedSeq = this.#trimmed.get(shard) ?? 0;
    const first = this.#extentsOf(shard).find(({ lastSeq }) => lastSeq > trimmedSeq);
    return Math.max(first?.firstSeq ?? 0, trimmedSeq + 1);
  }

  #extentsOf(shard: ShardId): JournalExtent[] {
    return this.#files.flatMap(({ extents }) => extents.get(shard) ?? []);
  }

  #isTrimmed({ extents }: KnownFile): boolean {
    return [...extents.values()].every(({ shard, lastSeq }) => lastSeq <= (this.#trimmed.get(shard) ?? 0));
  }

  /** Reads what a file holds, then closes it. */
  #take({ number, path }: Pick<KnownFile, 'number' | 'path'>): KnownFile {
    const file = new JournalFile(path, { isNew: false });
    try {
      for (const [shard, seq] of file.trims()) this.#trimmed.set(shard, Math.max(seq, this.#trimmed.get(shard) ?? 0));
      return { number, path, extents: new Map(file.extents().map((extent) => [extent.shard, extent])) };
    } finally {
      file.close();
    }
  }

  #create(number: number): JournalFile {
    const path = join(this.#directory, `journal-${String(number).padStart(6, '0')}.sqlite`);
    const file = new JournalFile(path, { isNew: true });
    this.#files.push({ number, path, extents: new Map() });
    return file;
  }

  /** Starts the next file; it begins with the trims of every shard that older files still have rows of. */
  #rotate(): void {
    const shards = new Set(this.#files.flatMap(({ extents }) => [...extents.keys()]));
    for (const shard of this.#trimmed.keys()) if (!shards.has(shard)) this.#trimmed.delete(shard);
    const full = this.#active;
    this.#active = this.#create(this.#files.at(-1)!.number + 1);
    makeWal(this.#active.path);
    this.#active.commit([], this.#trimmed);
    full.close();
  }

  #unlinkTrimmed(): void {
    const old = this.#files.slice(0, -1);
    const trimmed = old.filter((file) => this.#isTrimmed(file));
    for (const { path } of trimmed) removeSqliteFile(path);
    this.#files = this.#files.filter((file) => !trimmed.includes(file));
  }

  #readFile({ path }: KnownFile, shard: ShardId, fromSeq: number): (JournalRow | DamagedJournalRow)[] {
    if (path === this.#active.path) return this.#active.read(shard, fromSeq, PAGE_SIZE_BYTES_MAX);
    const file = new JournalFile(path, { isNew: false });
    try {
      return file.read(shard, fromSeq, PAGE_SIZE_BYTES_MAX);
    } finally {
      file.close();
    }
  }

  #write(write: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      write();
    } catch (error) {
      if (error instanceof DbError) this.#failure = error;
      throw error;
    }
  }
}

function unpack({ heads, frames }: JournalBatch): JournalRow[] {
  const rows: JournalRow[] = [];
  let offset = 0;
  for (let index = 0; index < heads.length; index += 3) {
    const end = offset + heads[index + 2]!;
    rows.push({ shard: heads[index]!, seq: heads[index + 1]!, frame: frames.subarray(offset, end) });
    offset = end;
  }
  assert(offset === frames.length, `frames of ${frames.length} bytes, rows of ${offset}`);
  return rows;
}

function listFiles(directory: string): { readonly number: number; readonly path: string }[] {
  return inFile(directory, () => readdirSync(directory))
    .filter((name) => FILE_NAME.test(name))
    .map((name) => ({ number: Number(FILE_NAME.exec(name)?.[1]), path: join(directory, name) }))
    .sort((left, right) => left.number - right.number);
}

/** What a crash left: files that were never finished, and companions of files that were being removed. */
function removeLeftovers(directory: string): void {
  for (const name of inFile(directory, () => readdirSync(directory))) {
    const [, owner] = /^(journal-\d{6,}\.sqlite(?:\.new)?)(?:-wal|-shm|-journal)?$/.exec(name) ?? [];
    if (owner === undefined) continue;
    const isUnfinished = owner.endsWith('.new');
    if (isUnfinished || !existsSync(join(directory, owner))) removeSqliteFile(join(directory, owner));
  }
}
