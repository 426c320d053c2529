import { assert } from '@varve/base';
import type { Frame } from '@varve/frame';
import { EMPTY_VECTOR, NO_WATERMARK, type MutationVector} from '@varve/model';
import { openHeader } from '../chunk/open-header.ts';
import type { ChunkHeader } from '../chunk/chunk-header.ts';
import type { NewChunkLike } from '../chunk/encode-chunk.ts';
import { checkPayload } from '../chunk/read-chunk.ts';
import type { StoredChunkLike } from '../directory/chunk-tree.ts';
import { packFlush } from '../pack-flush.ts';
import { packMerge } from '../pack-merge.ts';
import type { ChunkBytes } from '../read-pieces.ts';
import type { StoredSeriesLike } from '../series-index.ts';
import type { FileChange, FlushJob, MergeJob } from '../shard-jobs.ts';
import { ShardTable } from '../shard-table.ts';
import type { StoredTombstoneLike } from '../tombstones.ts';

/** What survives a crash, as maps: one shard's file and its journal. Follows the contract of ports ShardStore and Journal. */
export class MemoryShard {
  readonly #series: StoredSeriesLike[] = [];
  readonly #chunks = new Map<number, NewChunkLike & { readonly writtenSeq: number }>();
  readonly #tombstones = new Map<number, StoredTombstoneLike>();
  readonly #headers = new Map<number, ChunkHeader>();
  readonly #journal: { readonly seq: number; readonly frame: Frame }[] = [];
  #state: Pick<FileChange, 'flushedSeq' | 'vector' | 'watermark' | 'hadDeletes'> = { flushedSeq: 0, vector: EMPTY_VECTOR, watermark: NO_WATERMARK, hadDeletes: false };
  #nextChunkId = 1;
  /** Payloads are checked when they are first read, as a cache of chunks does. */
  readonly #checked = new WeakSet<Uint8Array>();

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

  /** Returns the chunks as they are in the file. */
  commit({ series, removedChunkIds, tombstones, removedTombstoneSeqs, flushedSeq, vector, watermark, hadDeletes }: FileChange, chunks: readonly NewChunkLike[]): StoredChunkLike[] {
    assert(
      this.#state.flushedSeq <= flushedSeq,
      `flushedSeq goes from ${this.#state.flushedSeq} back to ${flushedSeq}`,
    );
    this.#series.push(...series);
    for (const chunkId of removedChunkIds) assert(this.#chunks.delete(chunkId), `no chunk ${chunkId}`);
    for (const seq of removedTombstoneSeqs) assert(this.#tombstones.delete(seq), `no tombstone ${seq}`);
    for (const tombstone of tombstones) this.#tombstones.set(tombstone.seq, tombstone);
    this.#state = { flushedSeq, vector, watermark, hadDeletes };
    return chunks.map((chunk) => {
      const chunkId = this.#nextChunkId++;
      this.#chunks.set(chunkId, { ...chunk, writtenSeq: flushedSeq });
      return this.#stored(chunkId);
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
    if (!this.#checked.has(payload)) checkPayload(this.#header(chunkId), payload);
    this.#checked.add(payload);
    return payload;
  }

  #stored(chunkId: number): StoredChunkLike {
    const { header, payload, ...extent } = this.#chunks.get(chunkId)!;
    return { ...extent, chunkId, headerSizeBytes: header.length, payloadSizeBytes: payload.length };
  }

  /** As after a restart: the file, then the journal rows above `flushedSeq`. */
  open(): ShardTable {
    const chunks = this.chunkIds.map((chunkId) => this.#stored(chunkId));
    const table = ShardTable.open({ startNs: 0n, ...this.#state, series: this.#series, chunks, tombstones: [...this.#tombstones.values()] });
    for (const { seq, frame } of this.#journal) if (seq > this.#state.flushedSeq) table.insert(frame, seq);
    table.raiseWatermark(this.#state.watermark);
    return table;
  }
}

/** Seals, packs, commits, completes. */
export function flush(table: ShardTable, shard: MemoryShard): void {
  const job = table.beginFlush();
  if (job !== undefined) table.completeFlush(job, shard.commit(job.change, packed(job, shard)));
}

/** Merges until nothing is worth it. */
export function mergeAll(table: ShardTable, shard: MemoryShard): void {
  for (let job = table.planMerge(); job !== undefined; job = table.planMerge()) {
    table.completeMerge(job, shard.commit(job.change, packed(job, shard)));
  }
}

/** What another thread makes of a job: it gets a clone, and nothing that is kept. @throws DbError CHUNK_INVALID */
export function packed(job: FlushJob | MergeJob, shard: MemoryShard): NewChunkLike[] {
  if (job.kind === 'flush') return packFlush(structuredClone(job.input));
  const chunks = job.plan.chunks.map((chunk) => ({ chunk, header: shard.chunk(chunk.chunkId).header, payload: shard.chunk(chunk.chunkId).payload }));
  return packMerge(structuredClone({ ...job.input, chunks }));
}
