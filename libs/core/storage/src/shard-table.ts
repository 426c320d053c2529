import { assert, DbError, type TimestampNs } from '@varve/base';
import type { Frame, FrameHeader } from '@varve/frame';
import { compareVersions, hasMutation, NO_WATERMARK, parseSeriesKey, withMutation, type MutationVector, type SeriesKey, type TagFilter, type Tombstone, type Version } from '@varve/model';
import { planCollect } from './collect-tombstones.ts';
import { ChunkDirectory } from './directory/chunk-directory.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { EXCERPT_ROW_COUNT_MAX, takeExcerpt, type Excerpt } from './excerpt.ts';
import { findRow, type RowSearch } from './find-row.ts';
import { Memtable } from './memtable.ts';
import { planRead, readPieces, type ChunkBytes, type ReadPlan, type SeriesPiece, type SeriesPlaces, type SeriesRead } from './read-pieces.ts';
import type { OffsetRange } from './rows.ts';
import type { FlushJob, MergeJob, MergePlan } from './shard-jobs.ts';
import { SeriesIndex, type SeriesRef } from './series-index.ts';
import { SeriesLife } from './series-life.ts';
import type { LostRows, StoredShard } from './stored-shard.ts';
import { compileSeries, Tombstones } from './tombstones.ts';
import type { Hiding } from './visible-rows.ts';
import { WantedFields } from './wanted-fields.ts';

/**
 * Everything in memory of one shard replica: which series there are, the newest rows, which chunks hold the others, what
 * the replica has, and how far that is in the shard's file. Decides, and does no I/O: whoever drives it journals a frame
 * before `insert`, and packs and commits a job's chunks before `complete…`. At most one job is under way. docs/specs/flush.md.
 */
export class ShardTable {
  readonly startNs: TimestampNs;
  readonly #index: SeriesIndex;
  readonly #directory: ChunkDirectory;
  readonly #tombstones: Tombstones;
  readonly #life = new SeriesLife();
  /** By the array that a frame's keys came in: ids stay what they are. */
  readonly #knownIds = new WeakMap<readonly SeriesKey[], Uint32Array>();
  #active = new Memtable();
  /** What the flush under way moves. */
  #sealed: Memtable | undefined;
  #job: FlushJob | MergeJob | undefined;
  #vector: MutationVector;
  #lastSeq: number;
  #flushedVector: MutationVector;
  #flushedSeq: number;
  /** The file's S: it rests on the file's vector alone (S6). */
  #flushedWatermark: Version;
  /** Series up to here are in the file. */
  #flushedSeriesId: number;
  /** S: no frame with a lower version comes any more. */
  #watermark = NO_WATERMARK;
  /** What is below it is late: S, or soon to be S. */
  #lateBelow = NO_WATERMARK;
  /** A delete has ever come. */
  #hadDeletes: boolean;
  /** Nothing was tried in vain since the watermark was told. */
  #mayCollect = false;

  /** @throws DbError STORAGE_CORRUPT */
  static open(stored: StoredShard): ShardTable {
    return new ShardTable(stored);
  }

  private constructor({ startNs, flushedSeq, vector, watermark, hadDeletes, series, chunks, tombstones }: StoredShard) {
    this.startNs = startNs;
    this.#index = SeriesIndex.open(series);
    this.#directory = new ChunkDirectory((seriesId) => this.#index.measurementIdOf(seriesId));
    this.#tombstones = new Tombstones(this.#index);
    for (const tombstone of tombstones) this.#tombstones.restore(tombstone);
    this.#hadDeletes = hadDeletes;
    this.#flushedSeriesId = this.#index.lastId;
    this.#flushedVector = this.#vector = vector;
    this.#flushedSeq = this.#lastSeq = flushedSeq;
    this.#flushedWatermark = watermark;
    for (const chunk of chunks) {
      const { chunkId, firstSeriesId, lastSeriesId } = chunk;
      for (const seriesId of [firstSeriesId, lastSeriesId]) {
        if (!this.#index.has(seriesId)) throw new DbError('STORAGE_CORRUPT', `chunk ${chunkId} of no series`, { seriesId });
      }
      this.#directory.add(chunk);
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

  /** S of docs/specs/watermark.md. */
  get watermark(): Version {
    return this.#watermark;
  }

  /** Deletes that are held, those of a flush under way included. */
  get tombstoneCount(): number {
    return this.#tombstones.all.length;
  }

  /** Series that were ever inserted, deleted ones included; equal on replicas with the same frames. */
  get seriesCount(): number {
    return this.#index.lastId;
  }

  /** Whether a series is among them. */
  hasSeries(key: SeriesKey): boolean {
    return this.#index.hasKey(key);
  }

  /** Something was ever deleted here: only then may series without a cell that shows be in the index (D4). */
  get hadDeletes(): boolean {
    return this.#hadDeletes;
  }

  /** Whether `insert` can take the frame: ask before it is journaled. @throws DbError FRAME_INVALID */
  check({ tombstone }: Frame): void {
    if (tombstone !== undefined) compileSeries(tombstone);
  }

  /** Whether rows or a delete come that S has excluded: ask before they are journaled. */
  isLate({ header: { version, rowCount }, tombstone }: Frame): boolean {
    return (rowCount > 0 || tombstone !== undefined) && compareVersions(version, this.#lateBelow) < 0;
  }

  /**
   * Makes a journaled frame visible, or hides what a tombstone hides; journal rows come in order. Returns false for a mutation
   * that it has: it changes nothing (V8).
   */
  insert(frame: Frame, seq: number): boolean {
    assert(seq === this.#lastSeq + 1, `journal row ${seq} after ${this.#lastSeq}`);
    this.#lastSeq = seq;
    const { incarnation, number } = frame.header.mutation;
    if (hasMutation(this.#vector, incarnation, number)) return false;
    const isBelow = frame.sections.length > 0 && compareVersions(frame.header.version, this.#watermark) < 0;
    assert(!isBelow, `rows of ${incarnation}/${number} came below the watermark`);
    this.#vector = withMutation(this.#vector, incarnation, number);
    const seriesIds = frame.sections.map(({ seriesKeys }) => this.#idsOf(seriesKeys));
    this.#active.insert(frame, seriesIds);
    for (const ids of seriesIds) this.#life.onRows(ids);
    if (frame.tombstone !== undefined) this.#delete(frame.tombstone, frame.header, seq);
    return true;
  }

  /** Seals the memtable; inserts go on into a fresh one. Undefined when the file has everything. */
  beginFlush(): FlushJob | undefined {
    assert(this.#job === undefined, 'a flush or merge is under way');
    if (this.#lastSeq === this.#flushedSeq) return undefined;
    const { extent, frames } = this.#active;
    const job: FlushJob = {
      kind: 'flush',
      change: {
        series: this.#index.seriesAfter(this.#flushedSeriesId),
        removedChunkIds: [],
        tombstones: this.#tombstones.after(this.#flushedSeq),
        removedTombstoneSeqs: [],
        ...{ flushedSeq: this.#lastSeq, vector: this.#vector, watermark: this.#watermark, hadDeletes: this.#hadDeletes },
      },
      input: { frames, hiding: extent === undefined ? [] : this.#tombstones.hiding(extent, { firstId: 1, lastId: this.#index.lastId }) },
    };
    this.#sealed = this.#active;
    this.#active = new Memtable();
    this.#job = job;
    return job;
  }

  /** The store has committed the job: its chunks take the place of the sealed rows. */
  completeFlush(job: FlushJob, chunks: readonly StoredChunkLike[]): void {
    this.#end(job);
    for (const chunk of chunks) this.#directory.add(chunk);
    this.#sealed = undefined;
    this.#flushedSeq = job.change.flushedSeq;
    this.#flushedVector = job.change.vector;
    this.#flushedWatermark = job.change.watermark;
    this.#flushedSeriesId += job.change.series.length;
  }

  /** The store refused: the sealed rows stay readable, and go with the next flush. */
  abandonFlush(job: FlushJob): void {
    this.#end(job);
    assert(this.#sealed !== undefined, 'a flush without sealed rows');
    this.#sealed.absorb(this.#active);
    this.#active = this.#sealed;
    this.#sealed = undefined;
  }

  /** S comes to this version once the frames that are being journaled are inserted: none of them may be below it (S7). */
  refuseBelow(version: Version): void {
    if (compareVersions(this.#lateBelow, version) < 0) this.#lateBelow = version;
  }

  /**
   * S: no frame with a lower version will be inserted from now on, and rows that the vector has are all inserted. Tombstones below
   * it leave with the next merges, and so do versions that decide nothing. It never goes back. A file's S is told before the
   * journal is replayed (S8).
   */
  raiseWatermark(version: Version): void {
    this.refuseBelow(version);
    if (compareVersions(this.#watermark, version) < 0) this.#watermark = version;
    this.#mayCollect = true;
  }

  /** Chunks worth merging, then tombstones to collect; both rely on no more of S than the file's vector bears (S6). Undefined when there are none; more may be after the next flush. */
  planMerge(): MergeJob | undefined {
    assert(this.#job === undefined, 'a flush or merge is under way');
    const bound = this.#boundOfFile();
    const plan = this.#planMerge(bound);
    if (plan === undefined) return undefined;
    const job: MergeJob = {
      kind: 'merge',
      change: {
        series: [],
        removedChunkIds: plan.chunks.map(({ chunkId }) => chunkId),
        tombstones: [],
        removedTombstoneSeqs: plan.tombstoneSeqs,
        ...{ flushedSeq: this.#flushedSeq, vector: this.#flushedVector, hadDeletes: this.#hadDeletes },
        watermark: compareVersions(bound, this.#flushedWatermark) < 0 ? this.#flushedWatermark : bound,
      },
      plan,
      input: {
        hiding: this.#hidingChunks(plan.chunks),
        settling: { bound, outside: this.#directory.besides(plan.chunks) },
        tier: (plan.chunks[0]?.tier ?? 0) + (plan.isRewrite ? 0 : 1),
      },
    };
    this.#job = job;
    return job;
  }

  /** The store has committed the job: the new chunks take the place of the old ones. */
  completeMerge(job: MergeJob, chunks: readonly StoredChunkLike[]): void {
    this.#end(job);
    const { plan, change } = job;
    this.#directory.replace(plan.chunks, chunks, { isRewrite: plan.isRewrite });
    this.#tombstones.remove(plan.tombstoneSeqs);
    this.#flushedWatermark = change.watermark;
  }

  /**
   * The store refused, or a chunk is damaged: everything stays. It is tried again when more chunks lie over these. Tombstones
   * are tried again when the next watermark is told.
   */
  abandonMerge(job: MergeJob): void {
    this.#end(job);
    this.#mayCollect = false;
  }

  /** A chunk is damaged: no merge takes it any more. Says which rows it has; undefined when there is no such chunk, or not any more. */
  giveUp(chunkId: number): LostRows | undefined {
    const chunk = this.#directory.find(chunkId);
    if (chunk === undefined) return undefined;
    this.#directory.giveUp(chunk);
    const { measurement } = parseSeriesKey(this.#index.keyOf(chunk.firstSeriesId));
    return { measurement, minOffsetNs: chunk.minOffsetNs, maxOffsetNs: chunk.maxOffsetNs };
  }

  /** Sorted by name. */
  measurements(): readonly string[] {
    return this.#index.measurements();
  }

  /** Series of the measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SeriesRef[] {
    return this.#index.series(measurement, filter);
  }

  /** Whether the filter lets any series of the measurement pass. */
  hasAny(measurement: string, filter: TagFilter): boolean {
    return this.#index.hasAny(measurement, filter);
  }

  /** Tag keys that any series of the measurement has, sorted. */
  tagKeys(measurement: string): readonly string[] {
    return this.#index.tagKeys(measurement);
  }

  /**
   * Whether a cell of the series shows, as far as the bytes at hand tell; a plan says what must be fetched to tell it. It is remembered until
   * something comes that may change it.
   * @throws DbError CHUNK_INVALID
   */
  look(seriesId: number, bytes: ChunkBytes): boolean | ReadPlan {
    return this.#hadDeletes ? this.#life.look(seriesId, bytes, (read) => this.planRead(read, bytes)) : true;
  }

  /** Values of a tag key that any series of the measurement has; in no order, and perhaps more than once. */
  tagValues(measurement: string, tagKey: string): Iterable<string> {
    return this.#index.tagValues(measurement, tagKey);
  }

  /** What a read needs of chunks, as far as the bytes at hand tell. Nothing is read. @throws DbError CHUNK_INVALID */
  planRead(read: SeriesRead, bytes: ChunkBytes): ReadPlan {
    return planRead(read, this.#placesOf(read), bytes);
  }

  /** Between which times the rows of a series lie, both inclusive; wider where chunks hold other series. Undefined: it has none. */
  timesOf(seriesId: number): { readonly minOffsetNs: number; readonly maxOffsetNs: number } | undefined {
    let [minOffsetNs, maxOffsetNs] = [Infinity, -Infinity];
    const held = [this.#directory.timesOf(seriesId), this.#sealed?.timesOf(seriesId), this.#active.timesOf(seriesId)];
    for (const times of held) {
      if (times === undefined) continue;
      minOffsetNs = Math.min(minOffsetNs, times.minOffsetNs);
      maxOffsetNs = Math.max(maxOffsetNs, times.maxOffsetNs);
    }
    return minOffsetNs > maxOffsetNs ? undefined : { minOffsetNs, maxOffsetNs };
  }

  /**
   * The rows of a series in a half-open range, with the columns that it has of the fields asked for; per cell the greatest
   * version. Rows without any of these fields may be there or not. Nothing may have changed since `planRead`, and nothing that
   * it named may be missing.
   * @throws DbError CHUNK_INVALID
   */
  read(read: SeriesRead, plan: ReadPlan, bytes: ChunkBytes): Iterable<SeriesPiece> {
    return readPieces(read, plan, bytes);
  }

  /** About so many rows of a series are in chunks in a range, if those of each chunk lie evenly over its series and its time. */
  chunkRowCountIn(seriesId: number, range: OffsetRange): number {
    return this.#directory.rowCountIn(seriesId, range);
  }

  /** Where rows of some series are in a range, and what memtables have of the fields. Undefined: deletes may hide some, or memtables have many (ST4). */
  excerpt(seriesIds: Iterable<number>, range: OffsetRange, fields: WantedFields): Excerpt | undefined {
    if (this.tombstoneCount > 0 || this.memtableRowCount > EXCERPT_ROW_COUNT_MAX) return undefined;
    return takeExcerpt(this.startNs, seriesIds, fields, (seriesId) => this.#placesOf({ seriesId, range, fields }));
  }

  /**
   * Whether the series has a row in a half-open range that no delete hides, or what must be fetched to tell. Headers tell of
   * blocks that lie in the range as a whole; rows are looked at only where nothing else has answered.
   * @throws DbError CHUNK_INVALID
   */
  findRow(seriesId: number, range: OffsetRange, bytes: ChunkBytes): RowSearch {
    const read = { seriesId, range, fields: new WantedFields(undefined) };
    return findRow(read, this.#placesOf(read), bytes);
  }

  #placesOf({ seriesId, range, fields }: Pick<SeriesRead, 'seriesId' | 'range' | 'fields'>): SeriesPlaces {
    const memtables = [this.#sealed?.rowsOf(seriesId, range, fields), this.#active.rowsOf(seriesId, range, fields)].filter((rows) => rows !== undefined);
    return { chunks: this.#directory.chunksOf(seriesId, range), memtables, tombstones: this.#tombstones.of(seriesId) };
  }

  #delete(tombstone: Tombstone, header: FrameHeader, seq: number): void {
    this.#tombstones.add(tombstone, header, seq);
    this.#life.onDelete();
    this.#hadDeletes = true;
  }

  /** Frames of one client often share their keys, and then share this. */
  #idsOf(seriesKeys: readonly SeriesKey[]): Uint32Array {
    let ids = this.#knownIds.get(seriesKeys);
    if (ids === undefined) this.#knownIds.set(seriesKeys, (ids = Uint32Array.from(seriesKeys, (key) => this.#index.idOf(key))));
    return ids;
  }

  #planMerge(bound: Version): MergePlan | undefined {
    const chunks = this.#directory.planMerge();
    if (chunks !== undefined) return { chunks, isRewrite: false, tombstoneSeqs: [] };
    if (!this.#mayCollect) return undefined;
    const passed = this.#tombstones.all.filter(({ seq, version }) => seq <= this.#flushedSeq && compareVersions(version, bound) < 0);
    return planCollect(passed, { index: this.#index, directory: this.#directory });
  }

  /** B of S12: S, or less where the file lacks something below it: a merge relies on no more than what the file has. */
  #boundOfFile(): Version {
    let bound = this.#watermark;
    const unflushed = this.#tombstones.all.filter(({ seq }) => seq > this.#flushedSeq).map(({ version }) => version);
    for (const version of [this.#active.leastVersion ?? bound, ...unflushed]) {
      if (compareVersions(version, bound) < 0) bound = { ...version, incarnation: 0 };
    }
    return bound;
  }

  /** What their rows have not been held against yet (D6). */
  #hidingChunks(chunks: readonly StoredChunkLike[]): readonly Hiding[] {
    if (this.#tombstones.all.length === 0 || chunks.length === 0) return [];
    const extent = { minNs: Math.min(...chunks.map((each) => each.minOffsetNs)), maxNs: Math.max(...chunks.map((each) => each.maxOffsetNs)) };
    const series = { firstId: Math.min(...chunks.map((each) => each.firstSeriesId)), lastId: Math.max(...chunks.map((each) => each.lastSeriesId)) };
    return this.#tombstones.hiding(extent, series, Math.min(...chunks.map((each) => each.writtenSeq)));
  }

  #end(job: FlushJob | MergeJob): void {
    assert(job === this.#job, 'a job that is not under way');
    this.#job = undefined;
  }
}
