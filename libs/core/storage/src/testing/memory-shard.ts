import { assert } from '@varve/base';
import type { Frame } from '@varve/frame';
import { EMPTY_VECTOR, NO_WATERMARK, type MutationVector, type Version } from '@varve/model';
import { openHeader } from '../chunk/open-header.ts';
import type { ChunkHeader } from '../chunk/chunk-header.ts';
import type { NewChunkLike } from '../chunk/encode-chunk.ts';
import { checkPayload } from '../chunk/read-chunk.ts';
import type { StoredChunkLike } from '../directory/chunk-tree.ts';
import type { FlushJob } from '../flush-job.ts';
import type { ChunkBytes, MergeJob } from '../merge-job.ts';
import type { StoredSeriesLike } from '../series-index.ts';
import { ShardTable } from '../shard-table.ts';
import type { StoredTombstoneLike } from '../tombstones.ts';

interface MemoryChange {
  readonly series: readonly StoredSeriesLike[];
  readonly chunks: readonly NewChunkLike[];
  readonly removedChunkIds: readonly number[];
  readonly tombstones: readonly StoredTombstoneLike[];
  readonly removedTombstoneSeqs: readonly number[];
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly watermark: Version;
}

/** What survives a crash, as maps: one shard's file and its journal. Follows the contract of ports ShardStore and Journal. */
export class MemoryShard {
  readonly #series: StoredSeriesLike[] = [];
  readonly #chunks = new Map<number, NewChunkLike & { readonly writtenSeq: number }>();
  readonly #tombstones = new Map<number, StoredTombstoneLike>();
  readonly #headers = new Map<number, ChunkHeader>();
  readonly #journal: { readonly seq: number; readonly frame: Frame }[] = [];
  #state: { flushedSeq: number; vector: MutationVector; watermark: Version } = { flushedSeq: 0, vector: EMPTY_VECTOR, watermark: NO_WATERMARK };
  #nextChunkId = 1;

  get flushedSeq(): number {
    return this.#state.flushedSeq;
  }

  get vector(): MutationVector {
    return this.#state.vector;
  }

  get chunkCount(): number {
    return this.#chunks.size;
  }

  get tombstoneCount(): number {
    return this.#tombstones.size;
  }

  append(seq: number, frame: Frame): void {
    this.#journal.push({ seq, frame });
  }

  /** As if an operator had moved a damaged journal away. */
  loseJournal(): void {
    this.#journal.length = 0;
  }

  /** Lets go of rows that the file has. */
  trim(): void {
    const first = this.#journal.findIndex(({ seq }) => seq > this.#state.flushedSeq);
    this.#journal.splice(0, first < 0 ? this.#journal.length : first);
  }

  commit({ series, chunks, removedChunkIds, tombstones, removedTombstoneSeqs, flushedSeq, vector, watermark }: MemoryChange): number[] {
    assert(
      this.#state.flushedSeq <= flushedSeq,
      `flushedSeq goes from ${this.#state.flushedSeq} back to ${flushedSeq}`,
    );
    this.#series.push(...series);
    for (const chunkId of removedChunkIds) assert(this.#chunks.delete(chunkId), `no chunk ${chunkId}`);
    for (const seq of removedTombstoneSeqs) assert(this.#tombstones.delete(seq), `no tombstone ${seq}`);
    for (const tombstone of tombstones) this.#tombstones.set(tombstone.seq, tombstone);
    this.#state = { flushedSeq, vector, watermark };
    return chunks.map((chunk) => {
      this.#chunks.set(this.#nextChunkId, { ...chunk, writtenSeq: flushedSeq });
      return this.#nextChunkId++;
    });
  }

  /** Every chunk, as a data node would check it. */
  get bytes(): ChunkBytes {
    return { header: (chunkId) => this.#header(chunkId), payload: (chunkId) => this.#payload(chunkId) };
  }

  /** What a reader finds from now on. */
  damage(chunkId: number, damaged: Partial<Pick<NewChunkLike, 'header' | 'payload'>>): void {
    this.#chunks.set(chunkId, { ...this.#chunks.get(chunkId)!, ...damaged });
    this.#headers.delete(chunkId);
  }

  chunk(chunkId: number): NewChunkLike {
    return this.#chunks.get(chunkId)!;
  }

  get chunkIds(): number[] {
    return [...this.#chunks.keys()];
  }

  #header(chunkId: number): ChunkHeader {
    let header = this.#headers.get(chunkId);
    if (header === undefined) this.#headers.set(chunkId, (header = openHeader(this.chunk(chunkId), this.chunk(chunkId).header)));
    return header;
  }

  #payload(chunkId: number): Uint8Array {
    const { payload } = this.chunk(chunkId);
    checkPayload(this.#header(chunkId), payload);
    return payload;
  }

  /** As after a restart: the file, then the journal rows above `flushedSeq`. */
  open(): ShardTable {
    const chunks = Array.from(this.#chunks, ([chunkId, { header, payload, ...extent }]): StoredChunkLike => ({
      ...extent,
      chunkId,
      headerSizeBytes: header.length,
      payloadSizeBytes: payload.length,
    }));
    const table = ShardTable.open({ startNs: 0n, ...this.#state, series: this.#series, chunks, tombstones: [...this.#tombstones.values()] });
    for (const { seq, frame } of this.#journal) if (seq > this.#state.flushedSeq) table.insert(frame, seq);
    table.raiseWatermark(this.#state.watermark);
    return table;
  }
}

/** Seals, encodes in small slices, commits, completes. */
export function flush(table: ShardTable, shard: MemoryShard): void {
  const job = table.beginFlush();
  if (job === undefined) return;
  const chunks = takeAll(() => job.nextChunks(3));
  table.completeFlush(job, shard.commit(flushChange(job, chunks)));
}

/** Merges until nothing is worth it. */
export function mergeAll(table: ShardTable, shard: MemoryShard): void {
  for (let job = table.planMerge(); job !== undefined; job = table.planMerge()) {
    const chunks = takeAll(() => job.nextChunks(3, shard.bytes));
    table.completeMerge(job, shard.commit(mergeChange(job, chunks)));
  }
}

/** What the commit of a flush changes. */
export function flushChange({ series, tombstones, flushedSeq, vector, watermark }: FlushJob, chunks: readonly NewChunkLike[]): MemoryChange {
  return { series, chunks, removedChunkIds: [], tombstones, removedTombstoneSeqs: [], flushedSeq, vector, watermark };
}

/** What the commit of a merge changes. */
export function mergeChange({ chunkIds, tombstoneSeqs, flushedSeq, vector, watermark }: MergeJob, chunks: readonly NewChunkLike[]): MemoryChange {
  return { series: [], chunks, removedChunkIds: chunkIds, tombstones: [], removedTombstoneSeqs: tombstoneSeqs, flushedSeq, vector, watermark };
}

/** All chunks of a job, slice by slice. */
export function takeAll(next: () => readonly NewChunkLike[] | undefined): NewChunkLike[] {
  const chunks: NewChunkLike[] = [];
  for (let slice = next(); slice !== undefined; slice = next()) chunks.push(...slice);
  return chunks;
}
