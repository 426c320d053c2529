import { assert, DbError, type TimestampNs } from '@varve/base';
import type { Frame } from '@varve/frame';
import { hasMutation, withMutation, type MutationVector, type SeriesSlice, type TagFilter } from '@varve/model';
import { unpackChunk, wantedFields } from './chunk.ts';
import { ChunkDirectory, type ChunkEntry, type StoredChunkLike } from './chunk-directory.ts';
import { FlushJob } from './flush-job.ts';
import { Memtable } from './memtable.ts';
import { MergeJob, type Payloads } from './merge-job.ts';
import { MERGE_CHUNK_COUNT_MIN, planSeriesMerge } from './merge-plan.ts';
import { readRows, rowsWithin, sliceRows, type OffsetRange, type VersionedRows } from './rows.ts';
import { SeriesIndex, type SeriesRef, type StoredSeriesLike } from './series-index.ts';

/** What the shard's file holds. */
export interface StoredShard {
  /** Where the shard's window starts: offsets count from it. */
  readonly startNs: TimestampNs;
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly series: readonly StoredSeriesLike[];
  readonly chunks: readonly StoredChunkLike[];
}

/** A merge looks at so many series at most before it says that there is nothing to do. */
const MERGE_SERIES_COUNT_MAX = 10_000;
/** Payloads that one merge fetches, about: they are in memory together. */
const MERGE_PAYLOAD_BYTES_MAX = 8 * 1_024 * 1_024;

/**
 * Everything in memory of one shard replica: which series there are, the newest rows, which chunks hold the others, what
 * the replica has, and how far that is in the shard's file. Decides, and does no I/O: whoever drives it journals a frame
 * before `insert` and commits a job's chunks before `complete…`. At most one job is under way. docs/specs/flush.md.
 */
export class ShardTable {
  readonly startNs: TimestampNs;
  readonly #index: SeriesIndex;
  readonly #directory = new ChunkDirectory();
  #active = new Memtable();
  /** What the flush under way moves. */
  #sealed: Memtable | undefined;
  #job: FlushJob | MergeJob | undefined;
  #vector: MutationVector;
  #lastSeq: number;
  #flushedVector: MutationVector;
  #flushedSeq: number;
  /** Series up to here are in the file. */
  #flushedSeriesId: number;
  /** Series that got chunks since a merge looked at them. */
  readonly #mergeCandidates = new Set<number>();

  /** @throws DbError STORAGE_CORRUPT */
  static open(stored: StoredShard): ShardTable {
    return new ShardTable(stored);
  }

  private constructor({ startNs, flushedSeq, vector, series, chunks }: StoredShard) {
    this.startNs = startNs;
    this.#index = SeriesIndex.open(series);
    this.#flushedSeriesId = this.#index.lastId;
    this.#flushedVector = this.#vector = vector;
    this.#flushedSeq = this.#lastSeq = flushedSeq;
    for (const chunk of chunks) {
      if (!this.#index.has(chunk.seriesId))
        throw new DbError('STORAGE_CORRUPT', `chunk ${chunk.chunkId} of no series`, { seriesId: chunk.seriesId });
      this.#addChunk(chunk);
    }
  }

  /** What this replica has: the frames in chunks and in the memtable (V9). */
  get vector(): MutationVector {
    return this.#vector;
  }

  /** Journal rows at or below it are in chunks. */
  get flushedSeq(): number {
    return this.#flushedSeq;
  }

  /** The journal row that was inserted last. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Rows that are not in chunks, those of a flush under way included. */
  get memtableRowCount(): number {
    return this.#active.rowCount + (this.#sealed?.rowCount ?? 0);
  }

  /** What these rows take in memory. */
  get memtableSizeBytes(): number {
    return this.#active.sizeBytes + (this.#sealed?.sizeBytes ?? 0);
  }

  /** Makes a journaled frame visible; journal rows come in order. Returns false for a mutation that it has: it changes nothing (V8). */
  insert(frame: Frame, seq: number): boolean {
    assert(seq === this.#lastSeq + 1, `journal row ${seq} after ${this.#lastSeq}`);
    this.#lastSeq = seq;
    const { incarnation, number } = frame.header.mutation;
    if (hasMutation(this.#vector, incarnation, number)) return false;
    this.#vector = withMutation(this.#vector, incarnation, number);
    this.#active.insert(frame, (key) => this.#index.idOf(key));
    return true;
  }

  /** Seals the memtable; inserts go on into a fresh one. Undefined when the file has everything. */
  beginFlush(): FlushJob | undefined {
    assert(this.#job === undefined, 'a flush or merge is under way');
    if (this.#lastSeq === this.#flushedSeq) return undefined;
    const series = this.#index.seriesAfter(this.#flushedSeriesId);
    const job = new FlushJob(this.#active, { series, flushedSeq: this.#lastSeq, vector: this.#vector });
    this.#sealed = this.#active;
    this.#active = new Memtable();
    this.#job = job;
    return job;
  }

  /** The store has committed the job: its chunks take the place of the sealed rows. */
  completeFlush(job: FlushJob, chunkIds: readonly number[]): void {
    this.#end(job);
    for (const chunk of job.stored(chunkIds)) this.#addChunk(chunk);
    this.#sealed = undefined;
    this.#flushedSeq = job.flushedSeq;
    this.#flushedVector = job.vector;
    this.#flushedSeriesId += job.series.length;
  }

  /** The store refused: the sealed rows stay readable, and go with the next flush. */
  abandonFlush(job: FlushJob): void {
    this.#end(job);
    assert(this.#sealed !== undefined, 'a flush without sealed rows');
    this.#sealed.absorb(this.#active);
    this.#active = this.#sealed;
    this.#sealed = undefined;
  }

  /** Chunks worth merging, of some series. Undefined when none were found; more may be after the next flush. */
  planMerge(): MergeJob | undefined {
    assert(this.#job === undefined, 'a flush or merge is under way');
    const groups: (readonly ChunkEntry[])[] = [];
    let [seriesCount, payloadBytes] = [0, 0];
    for (const seriesId of this.#mergeCandidates) {
      if (seriesCount === MERGE_SERIES_COUNT_MAX || payloadBytes >= MERGE_PAYLOAD_BYTES_MAX) break;
      seriesCount += 1;
      this.#mergeCandidates.delete(seriesId);
      const chunks = planSeriesMerge(this.#directory.chunksOf(seriesId));
      if (chunks === undefined) continue;
      groups.push(chunks);
      for (const { payloadSizeBytes } of chunks) payloadBytes += payloadSizeBytes;
    }
    if (groups.length === 0) return undefined;
    const job = new MergeJob(groups, { flushedSeq: this.#flushedSeq, vector: this.#flushedVector });
    this.#job = job;
    return job;
  }

  /** The store has committed the job: the new chunks take the place of the old ones. */
  completeMerge(job: MergeJob, chunkIds: readonly number[]): void {
    this.#end(job);
    for (const chunk of job.groups.flat()) this.#directory.remove(chunk);
    for (const chunk of job.stored(chunkIds)) this.#addChunk(chunk);
  }

  /** The store refused, or a chunk is damaged: everything stays. These series are not tried again before they get new chunks. */
  abandonMerge(job: MergeJob): void {
    this.#end(job);
  }

  /** Sorted by name. */
  measurements(): readonly string[] {
    return this.#index.measurements();
  }

  /** Series of the measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SeriesRef[] {
    return this.#index.series(measurement, filter);
  }

  /** Tag keys that any series of the measurement has, sorted. */
  tagKeys(measurement: string): readonly string[] {
    return this.#index.tagKeys(measurement);
  }

  /** The chunks whose payloads `read` needs. @throws DbError CHUNK_INVALID */
  planRead(
    { seriesId }: Pick<SeriesRef, 'seriesId'>,
    range: OffsetRange,
    fields: readonly string[],
  ): { readonly chunkIds: readonly number[] } {
    return { chunkIds: this.#chunksToRead(seriesId, range, new Set(fields)).map(({ chunkId }) => chunkId) };
  }

  /**
   * The rows of a series in a half-open range, with the columns that it has of the fields asked for; per cell the greatest
   * version. Rows without any of these fields may be there or not. Nothing may have changed since `planRead`.
   * @throws DbError CHUNK_INVALID
   */
  read(
    { seriesId }: Pick<SeriesRef, 'seriesId'>,
    range: OffsetRange,
    fields: readonly string[],
    payloads: Payloads,
  ): SeriesSlice {
    const names = new Set(fields);
    const parts: VersionedRows[] = [];
    for (const chunk of this.#chunksToRead(seriesId, range, names)) {
      const payload = payloads.get(chunk.chunkId);
      assert(payload !== undefined, `payload of chunk ${chunk.chunkId} was not fetched`);
      const header = this.#directory.headerOf(chunk);
      const rows = unpackChunk(header, payload, wantedFields(header, names));
      parts.push(sliceRows(rows, ...rowsWithin(rows, range)));
    }
    for (const memtable of [this.#sealed, this.#active]) {
      const rows = memtable?.read(seriesId, range, names);
      if (rows !== undefined) parts.push(sliceRows(rows, ...rowsWithin(rows, range)));
    }
    return readRows(parts.filter(({ columns }) => columns.length > 0));
  }

  #chunksToRead(seriesId: number, range: OffsetRange, names: ReadonlySet<string>): readonly ChunkEntry[] {
    return this.#directory
      .chunksWithin(seriesId, range)
      .filter((chunk) => wantedFields(this.#directory.headerOf(chunk), names).length > 0);
  }

  #addChunk(chunk: StoredChunkLike): void {
    this.#directory.add(chunk);
    if (this.#directory.chunksOf(chunk.seriesId).length >= MERGE_CHUNK_COUNT_MIN)
      this.#mergeCandidates.add(chunk.seriesId);
  }

  #end(job: FlushJob | MergeJob): void {
    assert(job === this.#job, 'a job that is not under way');
    this.#job = undefined;
  }
}
