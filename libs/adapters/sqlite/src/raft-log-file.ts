import { dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { assert, DbError } from '@varve/base';
import type { StoredEntry, StoredHardState, StoredRaft } from '@varve/ports';
import {
  applicationIdOf,
  checkIntegrity,
  checkpoint,
  crcOf,
  createSqliteFile,
  damagedFile,
  makeDirectory,
  openSqliteFile,
  PAGE_SIZE_BYTES,
  type FileFormat,
  type SqliteDatabase,
  type SqliteStatement,
} from './sqlite-file.ts';
import { inFile } from './storage-error.ts';
import type { WorkerStore } from './worker-protocol.ts';

export interface RaftLogFileOptions {
  readonly file: string;
}

/** The single row of `hard_state`, without its checksum. */
interface HardStateRow {
  readonly term: number;
  readonly votedFor: number;
  readonly commitIndex: number;
  readonly compactedIndex: number;
  readonly compactedTerm: number;
}

const FORMAT: FileFormat = {
  kind: 'Raft log',
  applicationId: applicationIdOf('VRRL'),
  version: 1,
  schema: `
    CREATE TABLE entry (log_index INTEGER PRIMARY KEY, term INTEGER NOT NULL, kind INTEGER NOT NULL, payload BLOB NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE hard_state (
      id INTEGER PRIMARY KEY CHECK (id = 0), term INTEGER NOT NULL, voted_for INTEGER NOT NULL, commit_index INTEGER NOT NULL,
      compacted_index INTEGER NOT NULL, compacted_term INTEGER NOT NULL, crc INTEGER NOT NULL
    );
    INSERT INTO hard_state VALUES (0, 0, 0, 0, 0, 0, ${crcOf([0, 0, 0, 0, 0])})`,
};
const CACHE_SIZE_BYTES = 1024 * 1024;
/** Bytes in the WAL after which it is moved into the file. */
const CHECKPOINT_SIZE_BYTES = 1024 * 1024;

/** A Raft peer's memory in one SQLite file; runs in a storage worker. After a failed write it refuses all others. */
export class RaftLogFile implements WorkerStore {
  readonly #path: string;
  readonly #database: SqliteDatabase;
  readonly #putEntry: SqliteStatement;
  readonly #putHardState: SqliteStatement;
  #hardState: HardStateRow;
  #lastIndex: number;
  #failure: DbError | undefined;
  #walSizeBytes = 0;

  constructor({ file }: RaftLogFileOptions) {
    this.#path = file;
    makeDirectory(dirname(file));
    const open = existsSync(file) ? openSqliteFile : createSqliteFile;
    this.#database = open(file, FORMAT, { cacheSizeBytes: CACHE_SIZE_BYTES });
    const prepare = (sql: string): SqliteStatement => inFile(file, () => this.#database.prepare(sql));
    this.#putEntry = prepare('INSERT INTO entry (log_index, term, kind, payload, crc) VALUES (?, ?, ?, ?, ?)');
    this.#putHardState = prepare('REPLACE INTO hard_state VALUES (0, ?, ?, ?, ?, ?, ?)');
    this.#hardState = inFile(file, () => this.#readHardState());
    this.#lastIndex = this.load().entries.at(-1)?.index ?? this.#hardState.compactedIndex;
  }

  /** @throws DbError STORAGE_CORRUPT when any record is not as it was written */
  load(): StoredRaft {
    checkIntegrity(this.#database);
    return inFile(this.#path, () => {
      const { term, votedFor, commitIndex, compactedIndex, compactedTerm } = this.#hardState;
      return {
        hardState: { term, votedFor, commitIndex },
        entries: this.#readEntries(compactedIndex),
        compactedIndex,
        compactedTerm,
      };
    });
  }

  persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    const first = entries[0];
    if (first !== undefined) {
      const { compactedIndex } = this.#hardState;
      const isInPlace = compactedIndex < first.index && first.index <= this.#lastIndex + 1;
      assert(isInPlace, `entry ${first.index} on a log ${compactedIndex}..${this.#lastIndex}`);
    }
    const changed = hardState === undefined ? this.#hardState : { ...this.#hardState, ...hardState };
    this.#write(changed, () => {
      if (first !== undefined) this.#database.prepare('DELETE FROM entry WHERE log_index >= ?').run(first.index);
      for (const entry of entries) this.#insert(entry);
    });
    this.#lastIndex = entries.at(-1)?.index ?? this.#lastIndex;
  }

  compact(throughIndex: number, term: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (throughIndex <= this.#hardState.compactedIndex) return;
    const lastGoneIndex = this.#termAt(throughIndex) === term ? throughIndex : Math.max(this.#lastIndex, throughIndex);
    this.#write({ ...this.#hardState, compactedIndex: throughIndex, compactedTerm: term }, () => {
      this.#database.prepare('DELETE FROM entry WHERE log_index <= ?').run(lastGoneIndex);
    });
    this.#lastIndex = lastGoneIndex === throughIndex ? Math.max(this.#lastIndex, throughIndex) : throughIndex;
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

  /** One transaction: the change and the hard state. */
  #write(hardState: HardStateRow, change: () => void): void {
    try {
      inFile(this.#path, () =>
        this.#database.transaction(() => {
          change();
          this.#putHardState.run(...valuesOf(hardState), crcOf(valuesOf(hardState)));
        })(),
      );
    } catch (error) {
      if (error instanceof DbError) this.#failure = error;
      throw error;
    }
    this.#hardState = hardState;
    this.#walSizeBytes += 2 * PAGE_SIZE_BYTES; // at least
  }

  #termAt(index: number): number | undefined {
    return inFile(this.#path, () => this.#database.prepare('SELECT term FROM entry WHERE log_index = ?').pluck().get(index) as number | undefined);
  }

  #insert({ index, term, kind, payload }: StoredEntry): void {
    this.#putEntry.run(index, term, kind, payload, crcOf([index, term, kind], payload));
    this.#walSizeBytes += payload.length;
  }

  #readHardState(): HardStateRow {
    const row = this.#database
      .prepare('SELECT term, voted_for, commit_index, compacted_index, compacted_term, crc FROM hard_state')
      .raw()
      .get() as number[] | undefined;
    if (row === undefined) throw damagedFile(this.#path, 'the hard state is missing');
    const [term, votedFor, commitIndex, compactedIndex, compactedTerm, crc] = row as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const hardState = { term, votedFor, commitIndex, compactedIndex, compactedTerm };
    if (crc !== crcOf(valuesOf(hardState))) throw damagedFile(this.#path, 'the checksum of the hard state is wrong');
    return hardState;
  }

  #readEntries(compactedIndex: number): StoredEntry[] {
    const rows = this.#database
      .prepare('SELECT log_index, term, kind, payload, crc FROM entry ORDER BY log_index')
      .raw()
      .iterate();
    const entries: StoredEntry[] = [];
    for (const row of rows) {
      const [index, term, kind, payload, crc] = row as [number, number, number, Uint8Array, number];
      if (crc !== crcOf([index, term, kind], payload))
        throw damagedFile(this.#path, `the checksum of entry ${index} is wrong`);
      const expectedIndex = (entries.at(-1)?.index ?? compactedIndex) + 1;
      if (index !== expectedIndex) throw damagedFile(this.#path, `entry ${index} stands where ${expectedIndex} is due`);
      entries.push({ index, term, kind, payload: new Uint8Array(payload) });
    }
    return entries;
  }
}

function valuesOf({ term, votedFor, commitIndex, compactedIndex, compactedTerm }: HardStateRow): number[] {
  return [term, votedFor, commitIndex, compactedIndex, compactedTerm];
}
