import { assert, DbError, type SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { DamagedJournalRow, Journal, JournalExtent, JournalRow } from '@varve/ports';
import type { CallClient } from '@varve/threads';
import type { JournalBatch, JournalFiles, JournalFilesOptions } from './journal-files.ts';
import { startStoreThread } from './store-thread.ts';

/** A call of `append` that is not committed yet. */
interface PendingAppend {
  readonly rows: readonly JournalRow[];
  readonly sizeBytes: SizeBytes;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Frames of one batch; a larger call still goes as a whole. */
const BATCH_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** One batch is committed while the next one is on its way, so that the disk does not wait for this thread. */
const BATCH_COUNT_UNDERWAY_MAX = 2;
/** Frames that wait here. They are the callers' memory: who lets more pile up has forgotten its own bound. */
const WAITING_SIZE_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Opens a data node's journal in a directory, which is made when it is not there. All calls that come while a commit runs
 * share the next one. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_UNWRITABLE, STORAGE_LOCKED,
 * STORAGE_FULL, STORAGE_FAILED
 */
export async function openJournal(options: JournalFilesOptions): Promise<Journal> {
  return journalOn(await startStoreThread<JournalFiles>({ store: 'journal', options }));
}

/** The journal over its files, wherever these are. */
export async function journalOn(files: CallClient<JournalFiles>): Promise<Journal> {
  return new SqliteJournal(files, new Map(await files.call('lastSeqs')));
}

class SqliteJournal implements Journal {
  readonly #files: CallClient<JournalFiles>;
  /** Of each shard, with what is under way. */
  readonly #lastSeqs: Map<ShardId, number>;
  #waiting: PendingAppend[] = [];
  #waitingSizeBytes: SizeBytes = 0;
  #underwayCount = 0;
  #isSendScheduled = false;
  #failure: unknown;
  #isClosed = false;

  constructor(files: CallClient<JournalFiles>, lastSeqs: Map<ShardId, number>) {
    this.#files = files;
    this.#lastSeqs = lastSeqs;
  }

  async append(rows: readonly JournalRow[]): Promise<void> {
    if (this.#isClosed) throw new DbError('STORAGE_FAILED', 'the journal is closed');
    if (this.#failure !== undefined) throw this.#failure;
    if (rows.length === 0) return;
    this.#countSeqs(rows);
    const sizeBytes = rows.reduce((sum, { frame }) => sum + frame.length, 0);
    assert(
      this.#waitingSizeBytes + sizeBytes <= WAITING_SIZE_BYTES_MAX,
      `${this.#waitingSizeBytes} bytes wait for the journal`,
    );
    this.#waitingSizeBytes += sizeBytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ rows, sizeBytes, resolve, reject });
      this.#scheduleSend();
    });
  }

  async *read(shard: ShardId, afterSeq: number): AsyncGenerator<JournalRow | DamagedJournalRow> {
    let lastSeq = afterSeq;
    for (;;) {
      const rows = await this.#files.call('readPage', shard, lastSeq);
      if (rows.length === 0) return;
      yield* rows;
      lastSeq = rows.at(-1)!.seq;
    }
  }

  async extents(): Promise<readonly JournalExtent[]> {
    return this.#files.call('extents');
  }

  async trim(shard: ShardId, throughSeq: number): Promise<void> {
    await this.#files.call('trim', shard, throughSeq);
  }

  async sizeBytes(): Promise<SizeBytes> {
    return this.#files.call('sizeBytes');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#waiting.length > 0 && this.#failure === undefined) await this.#sendBatch();
    await this.#files.close();
  }

  #countSeqs(rows: readonly JournalRow[]): void {
    for (const { shard, seq } of rows) {
      const lastSeq = this.#lastSeqs.get(shard);
      assert(lastSeq === undefined || seq === lastSeq + 1, `row ${seq} of shard ${shard} after ${lastSeq}`);
      this.#lastSeqs.set(shard, seq);
    }
  }

  /** Calls of the same moment go together. */
  #scheduleSend(): void {
    if (this.#isSendScheduled) return;
    this.#isSendScheduled = true;
    queueMicrotask(() => {
      this.#isSendScheduled = false;
      this.#maybeSend();
    });
  }

  #maybeSend(): void {
    if (this.#waiting.length > 0 && this.#underwayCount < BATCH_COUNT_UNDERWAY_MAX) void this.#sendBatch();
  }

  /** Settles the calls of one batch; a failure also those behind it. */
  async #sendBatch(): Promise<void> {
    const calls = this.#takeBatch();
    const batch = pack(calls.flatMap(({ rows }) => rows));
    this.#underwayCount += 1;
    try {
      await this.#files.callWith(
        [batch.heads.buffer as ArrayBuffer, batch.frames.buffer as ArrayBuffer],
        'append',
        batch,
      );
      for (const { resolve } of calls) resolve();
    } catch (error) {
      this.#failure = error;
      for (const { reject } of [...calls, ...this.#waiting]) reject(error);
      this.#waiting = [];
    }
    this.#underwayCount -= 1;
    this.#maybeSend();
  }

  #takeBatch(): PendingAppend[] {
    let sizeBytes = 0;
    const rest = this.#waiting.findIndex((call, index) => {
      sizeBytes += call.sizeBytes;
      return index > 0 && sizeBytes > BATCH_SIZE_BYTES_MAX;
    });
    const calls = this.#waiting.splice(0, rest < 0 ? this.#waiting.length : rest);
    for (const call of calls) this.#waitingSizeBytes -= call.sizeBytes;
    return calls;
  }
}

/** Copies the frames into one buffer that the worker can have: the callers keep theirs. */
function pack(rows: readonly JournalRow[]): JournalBatch {
  const heads = new Float64Array(3 * rows.length);
  const frames = new Uint8Array(rows.reduce((sum, { frame }) => sum + frame.length, 0));
  let offset = 0;
  for (const [index, { shard, seq, frame }] of rows.entries()) {
    heads.set([shard, seq, frame.length], 3 * index);
    frames.set(frame, offset);
    offset += frame.length;
  }
  return { heads, frames };
}
