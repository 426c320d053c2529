import { levelOf } from '../chunk/cut-chunks.ts';
import type { ChunkExtent } from '../chunk/encode-chunk.ts';
import type { OffsetRange } from '../rows.ts';

/** A chunk as the shard's file has it, without its bytes. */
export interface StoredChunkLike extends ChunkExtent {
  readonly chunkId: number;
  readonly headerSizeBytes: number;
  readonly payloadSizeBytes: number;
}

/** So many chunks over each other make a merge. */
export const MERGE_DEPTH = 4;
/** Payloads of one merge: what is encoded anew before others get a turn is bounded. */
const MERGE_SIZE_BYTES_MAX = 1_024 * 1_024;

const LEVEL_COUNT = 32;

/*
 * The chunks of one measurement. Each lies at the least range [k · 2^n, (k + 1) · 2^n) of series ids that holds it, a node of
 * a binary tree: chunks that may have a series are on the way from its leaf to the root. A merge takes chunks of one tier
 * below one node when they lie at least four deep on average, so that each row is rewritten once per factor of four that its
 * series grows by.
 */
interface Node {
  /** Chunks that lie at this very node. */
  readonly chunks: StoredChunkLike[];
  /** Per tier: at and below this node. */
  readonly below: Sums[];
}

interface Sums {
  chunkCount: number;
  sizeBytes: number;
  /** Widths of the chunks' ranges: over this node's own it is how deep they lie. */
  width: number;
}

/** A node and a tier of it. */
interface Place {
  readonly level: number;
  readonly start: number;
  readonly tier: number;
}

export class ChunkTree {
  readonly #nodes = new Map<number, Node>();
  /** Places that may be worth a merge, as text. */
  readonly #candidates = new Map<string, Place>();

  add(chunk: StoredChunkLike): void {
    const { level, start } = nodeOf(chunk);
    this.#node(level, start).chunks.push(chunk);
    for (let at = level; at < LEVEL_COUNT; at += 1) {
      const place = { level: at, start: alignedTo(start, at), tier: chunk.tier };
      this.#addUp(place, chunk, 1);
      if (this.#isWorthIt(place)) this.#candidates.set(`${at}/${place.start}/${chunk.tier}`, place);
    }
  }

  remove(chunk: StoredChunkLike): void {
    const { level, start } = nodeOf(chunk);
    const { chunks } = this.#node(level, start);
    chunks.splice(chunks.indexOf(chunk), 1);
    for (let at = level; at < LEVEL_COUNT; at += 1) this.#addUp({ level: at, start: alignedTo(start, at), tier: chunk.tier }, chunk, -1);
  }

  /** Chunks that may have rows of a series in a range. */
  chunksOf(seriesId: number, { startOffsetNs, endOffsetNs }: OffsetRange): StoredChunkLike[] {
    const found: StoredChunkLike[] = [];
    for (let level = 0; level < LEVEL_COUNT; level += 1) {
      for (const chunk of this.#nodes.get(keyOf(level, alignedTo(seriesId, level)))?.chunks ?? NONE) {
        const hasSeries = chunk.firstSeriesId <= seriesId && seriesId <= chunk.lastSeriesId;
        if (hasSeries && chunk.minOffsetNs < endOffsetNs && startOffsetNs <= chunk.maxOffsetNs) found.push(chunk);
      }
    }
    return found;
  }

  /** Chunks to merge next: of one tier, those over the narrowest range that is worth it. Undefined: there are none. */
  planMerge(): readonly StoredChunkLike[] | undefined {
    for (const [key, place] of this.#candidates) {
      this.#candidates.delete(key);
      if (!this.#isWorthIt(place)) continue;
      const own = this.#nodes.get(keyOf(place.level, place.start))!.chunks.filter(({ tier }) => tier === place.tier);
      return this.#isSmall(place) ? this.#collect(place, []) : own;
    }
    return undefined;
  }

  /** Whether its chunks lie deep enough: all below it when that is not too much at a time, else those of this very range. */
  #isWorthIt(place: Place): boolean {
    const node = this.#nodes.get(keyOf(place.level, place.start));
    const sums = node?.below[place.tier];
    if (node === undefined || sums === undefined || sums.width < MERGE_DEPTH * 2 ** place.level) return false;
    return this.#isSmall(place) || node.chunks.filter(({ tier }) => tier === place.tier).length >= MERGE_DEPTH;
  }

  #isSmall({ level, start, tier }: Place): boolean {
    return this.#nodes.get(keyOf(level, start))!.below[tier]!.sizeBytes <= MERGE_SIZE_BYTES_MAX;
  }

  #collect({ level, start, tier }: Place, into: StoredChunkLike[]): readonly StoredChunkLike[] {
    const node = this.#nodes.get(keyOf(level, start));
    if (node === undefined || (node.below[tier]?.chunkCount ?? 0) === 0) return into;
    for (const chunk of node.chunks) if (chunk.tier === tier) into.push(chunk);
    if (level === 0) return into;
    this.#collect({ level: level - 1, start, tier }, into);
    return this.#collect({ level: level - 1, start: start + 2 ** (level - 1), tier }, into);
  }

  #addUp({ level, start, tier }: Place, chunk: StoredChunkLike, sign: 1 | -1): void {
    const node = this.#node(level, start);
    const sums = (node.below[tier] ??= { chunkCount: 0, sizeBytes: 0, width: 0 });
    sums.chunkCount += sign;
    sums.sizeBytes += sign * chunk.payloadSizeBytes;
    sums.width += sign * 2 ** nodeOf(chunk).level;
    if (node.chunks.length === 0 && node.below.every((each) => each === undefined || each.chunkCount === 0)) this.#nodes.delete(keyOf(level, start));
  }

  #node(level: number, start: number): Node {
    const key = keyOf(level, start);
    let node = this.#nodes.get(key);
    if (node === undefined) this.#nodes.set(key, (node = { chunks: [], below: [] }));
    return node;
  }
}

/** The least range that holds the chunk's series. */
function nodeOf({ firstSeriesId, lastSeriesId }: ChunkExtent): { readonly level: number; readonly start: number } {
  const level = levelOf(firstSeriesId, lastSeriesId);
  return { level, start: alignedTo(firstSeriesId, level) };
}

function alignedTo(seriesId: number, level: number): number {
  return level >= 31 ? 0 : (seriesId >>> level) * 2 ** level;
}

function keyOf(level: number, start: number): number {
  return level * 2 ** 32 + start;
}

const NONE: readonly StoredChunkLike[] = [];
