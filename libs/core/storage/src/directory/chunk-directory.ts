import { DbError } from '@varve/base';
import type { OffsetRange } from '../rows.ts';
import { ChunkTree, rowCountIn, type StoredChunkLike } from './chunk-tree.ts';

/** Which chunks a shard has, measurement by measurement. */
export class ChunkDirectory {
  readonly #trees = new Map<number, ChunkTree>();
  readonly #measurementIdOf: (seriesId: number) => number;
  #chunkCount = 0;

  /** Asks which measurement a series is of. */
  constructor(measurementIdOf: (seriesId: number) => number) {
    this.#measurementIdOf = measurementIdOf;
  }

  get chunkCount(): number {
    return this.#chunkCount;
  }

  /** @throws DbError STORAGE_CORRUPT when it is no chunk of one measurement */
  add(chunk: StoredChunkLike): void {
    const { chunkId, firstSeriesId, lastSeriesId } = chunk;
    const measurement = this.#measurementIdOf(firstSeriesId);
    if (firstSeriesId > lastSeriesId || measurement !== this.#measurementIdOf(lastSeriesId)) {
      throw new DbError('STORAGE_CORRUPT', `chunk ${chunkId} of series ${firstSeriesId} to ${lastSeriesId}`, { chunkId, firstSeriesId, lastSeriesId });
    }
    let tree = this.#trees.get(measurement);
    if (tree === undefined) this.#trees.set(measurement, (tree = new ChunkTree()));
    tree.add(chunk);
    this.#chunkCount += 1;
  }

  remove(chunk: StoredChunkLike): void {
    this.#treeOf(chunk).remove(chunk);
    this.#chunkCount -= 1;
  }

  /** The outcome of a merge takes the place of what it merged, or wrote anew. */
  replace(before: readonly StoredChunkLike[], after: readonly StoredChunkLike[], { isRewrite }: { readonly isRewrite: boolean }): void {
    for (const chunk of before) this.remove(chunk);
    for (const chunk of after) this.add(chunk);
    if (!isRewrite && isPointless(before, after)) for (const chunk of after) this.#treeOf(chunk).leaveAlone(chunk);
  }

  /** No merge takes it any more: it is damaged. */
  giveUp(chunk: StoredChunkLike): void {
    this.#treeOf(chunk).giveUp(chunk);
  }

  /** By its id, which is rarely asked for: it is looked for. */
  find(chunkId: number): StoredChunkLike | undefined {
    for (const tree of this.#trees.values()) {
      const chunk = tree.find(chunkId);
      if (chunk !== undefined) return chunk;
    }
    return undefined;
  }

  /** Chunks that may have rows of a series in a range. */
  chunksOf(seriesId: number, range: OffsetRange): readonly StoredChunkLike[] {
    return this.#trees.get(this.#measurementIdOf(seriesId))?.chunksOf(seriesId, range) ?? [];
  }

  /** About so many rows of a series lie in a range. */
  rowCountIn(seriesId: number, range: OffsetRange): number {
    return rowCountIn(this.chunksOf(seriesId, range), range);
  }

  /** Between which times the chunks lie that may have rows of a series, both inclusive. Undefined: there are none. */
  timesOf(seriesId: number): { readonly minOffsetNs: number; readonly maxOffsetNs: number } | undefined {
    const chunks = this.chunksOf(seriesId, { startOffsetNs: -Infinity, endOffsetNs: Infinity });
    if (chunks.length === 0) return undefined;
    let [minOffsetNs, maxOffsetNs] = [Infinity, -Infinity];
    for (const chunk of chunks) [minOffsetNs, maxOffsetNs] = [Math.min(minOffsetNs, chunk.minOffsetNs), Math.max(maxOffsetNs, chunk.maxOffsetNs)];
    return { minOffsetNs, maxOffsetNs };
  }

  /** Chunks to merge next. Undefined: nothing is worth it before the next flush. */
  planMerge(): readonly StoredChunkLike[] | undefined {
    for (const tree of this.#trees.values()) {
      const chunks = tree.planMerge();
      if (chunks !== undefined) return chunks;
    }
    return undefined;
  }

  /** Chunks that may have rows of the series and times that these chunks of one measurement have. */
  besides(chunks: readonly StoredChunkLike[]): readonly StoredChunkLike[] {
    if (chunks[0] === undefined) return [];
    return this.#treeOf(chunks[0]).besides(chunks);
  }

  /** Chunks of one measurement and tier to write anew, of those that pass. Undefined: none does. */
  planRewrite(isWanted: (chunk: StoredChunkLike) => boolean): readonly StoredChunkLike[] | undefined {
    for (const tree of this.#trees.values()) {
      const chunks = tree.planRewrite(isWanted);
      if (chunks !== undefined) return chunks;
    }
    return undefined;
  }

  /** Whether a chunk that was given up passes. */
  hasGivenUp(isWanted: (chunk: StoredChunkLike) => boolean): boolean {
    return [...this.#trees.values()].some((tree) => tree.hasGivenUp(isWanted));
  }

  #treeOf({ firstSeriesId }: StoredChunkLike): ChunkTree {
    return this.#trees.get(this.#measurementIdOf(firstSeriesId))!;
  }
}

/** Chunks of one series cannot become narrower: where they are full, whatever fills them, merging them again would go on for ever. */
function isPointless(before: readonly StoredChunkLike[], after: readonly StoredChunkLike[]): boolean {
  return after.length >= before.length && before.every(({ firstSeriesId, lastSeriesId }) => firstSeriesId === lastSeriesId);
}
