import { assert } from '@varve/base';
import type { Frame } from '@varve/frame';
import { EMPTY_VECTOR, type MutationVector } from '@varve/model';
import type { NewChunkLike } from '../chunk.ts';
import type { StoredChunkLike } from '../chunk-directory.ts';
import type { Payloads } from '../merge-job.ts';
import type { StoredSeriesLike } from '../series-index.ts';
import { ShardTable } from '../shard-table.ts';

interface MemoryChange {
  readonly series: readonly StoredSeriesLike[];
  readonly chunks: readonly NewChunkLike[];
  readonly removedChunkIds: readonly number[];
  readonly flushedSeq: number;
  readonly vector: MutationVector;
}

/** What survives a crash, as maps: one shard's file and its journal. Follows the contract of ports ShardStore and Journal. */
export class MemoryShard {
  readonly #series: StoredSeriesLike[] = [];
  readonly #chunks = new Map<number, NewChunkLike>();
  readonly #journal: { readonly seq: number; readonly frame: Frame }[] = [];
  #state: { flushedSeq: number; vector: MutationVector } = { flushedSeq: 0, vector: EMPTY_VECTOR };
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

  append(seq: number, frame: Frame): void {
    this.#journal.push({ seq, frame });
  }

  /** Lets go of rows that the file has. */
  trim(): void {
    const first = this.#journal.findIndex(({ seq }) => seq > this.#state.flushedSeq);
    this.#journal.splice(0, first < 0 ? this.#journal.length : first);
  }

  commit({ series, chunks, removedChunkIds, flushedSeq, vector }: MemoryChange): number[] {
    assert(
      this.#state.flushedSeq <= flushedSeq,
      `flushedSeq goes from ${this.#state.flushedSeq} back to ${flushedSeq}`,
    );
    this.#series.push(...series);
    for (const chunkId of removedChunkIds) assert(this.#chunks.delete(chunkId), `no chunk ${chunkId}`);
    this.#state = { flushedSeq, vector };
    return chunks.map((chunk) => {
      this.#chunks.set(this.#nextChunkId, chunk);
      return this.#nextChunkId++;
    });
  }

  payloads(chunkIds: readonly number[]): Payloads {
    return new Map(chunkIds.map((chunkId) => [chunkId, this.#chunks.get(chunkId)!.payload]));
  }

  /** As after a restart: the file, then the journal rows above `flushedSeq`. */
  open(): ShardTable {
    const chunks = Array.from(this.#chunks, ([chunkId, { payload, ...rest }]): StoredChunkLike => ({
      ...rest,
      chunkId,
      payloadSizeBytes: payload.length,
    }));
    const table = ShardTable.open({ startNs: 0n, ...this.#state, series: this.#series, chunks });
    for (const { seq, frame } of this.#journal) if (seq > this.#state.flushedSeq) table.insert(frame, seq);
    return table;
  }
}

/** Seals, encodes in small slices, commits, completes. */
export function flush(table: ShardTable, shard: MemoryShard): void {
  const job = table.beginFlush();
  if (job === undefined) return;
  const { series, flushedSeq, vector } = job;
  const chunks = takeAll(() => job.nextChunks(3));
  table.completeFlush(job, shard.commit({ series, chunks, removedChunkIds: [], flushedSeq, vector }));
}

/** Merges until nothing is worth it. */
export function mergeAll(table: ShardTable, shard: MemoryShard): void {
  for (let job = table.planMerge(); job !== undefined; job = table.planMerge()) {
    const { chunkIds, flushedSeq, vector } = job;
    const payloads = shard.payloads(chunkIds);
    const chunks = takeAll(() => job.nextChunks(3, payloads));
    table.completeMerge(job, shard.commit({ series: [], chunks, removedChunkIds: chunkIds, flushedSeq, vector }));
  }
}

/** All chunks of a job, slice by slice. */
export function takeAll(next: () => readonly NewChunkLike[]): NewChunkLike[] {
  const chunks: NewChunkLike[] = [];
  for (let slice = next(); slice.length > 0; slice = next()) chunks.push(...slice);
  return chunks;
}
