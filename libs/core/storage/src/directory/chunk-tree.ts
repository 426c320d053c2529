import { levelOf } from '../chunk/cut-chunks.ts';
import type { ChunkExtent } from '../chunk/encode-chunk.ts';
import type { OffsetRange } from '../rows.ts';

/** A chunk as the shard's file has it, without its bytes. */
export interface StoredChunkLike extends ChunkExtent {
  readonly chunkId: number;
  readonly headerSizeBytes: number;
  readonly payloadSizeBytes: number;
  /** The file's `flushedSeq` when it was written: tombstones up to this journal row hide nothing of it. */
  readonly writtenSeq: number;
}

/** So many chunks over each other make a merge. */
export const MERGE_DEPTH = 4;
/** Of one merge: what is fetched and encoded anew before others get a turn is bounded. */
const MERGE_SIZE_BYTES_MAX = 1_024 * 1_024;
const MERGE_ROW_COUNT_MAX = 256 * 1_024;
const MERGE_CHUNK_COUNT_MAX = 64;
/** Chunks of one series that are this large and lie beside each other gain nothing from a merge. */
const FULL_SIZE_BYTES_MIN = 16 * 1_024;

const LEVEL_COUNT = 32;

/*
 * The chunks of one measurement. Each lies at the least range [k · 2^n, (k + 1) · 2^n) of series ids that holds it, a node of
 * a binary tree: chunks that may have a series are on the way from its leaf to the root. A merge takes chunks of one tier
 * below one node when they lie at least four deep on average, so that each row is rewritten once per factor of four that its
 * series grows by. Chunks that a merge would not make fewer, or cannot read, do not count.
 */
interface Node {
  /** Chunks that lie at this very node. */
  readonly chunks: StoredChunkLike[];
  /** Per tier: chunks that count, at and below this node. */
  readonly below: Sums[];
}

interface Sums {
  chunkCount: number;
  sizeBytes: number;
  rowCount: number;
  /** Widths of the chunks' ranges: over this node's own it is how deep they lie. */
  width: number;
  /** Those at this very node. */
  ownCount: number;
}

type Times = Pick<StoredChunkLike, 'minOffsetNs' | 'maxOffsetNs'>;
type Hull = Times & Pick<StoredChunkLike, 'firstSeriesId' | 'lastSeriesId'>;

/** A node and a tier of it. */
interface Place {
  readonly level: number;
  readonly start: number;
  readonly tier: number;
}

export class ChunkTree {
  readonly #nodes = new Map<number, Node>();
  /** At no level above was ever a chunk. */
  #levelCount = 0;
  /** Chunks that may be merged. */
  readonly #counted = new Set<StoredChunkLike>();
  /** Damaged ones. */
  readonly #givenUp = new Set<StoredChunkLike>();
  /** Places that may be worth a merge, as text; the ones found last come last. */
  readonly #candidates = new Map<string, Place>();

  add(chunk: StoredChunkLike): void {
    const { level, start } = nodeOf(chunk);
    this.#levelCount = Math.max(this.#levelCount, level + 1);
    const { chunks } = this.#node(level, start);
    chunks.push(chunk);
    if (!isFull(chunk)) return this.#count(chunk);
    const others = chunks.filter((other) => other !== chunk && other.tier === chunk.tier && overlap(other, chunk));
    for (const each of others.length > 0 ? [chunk, ...others] : []) if (!this.#counted.has(each)) this.#count(each);
  }

  remove(chunk: StoredChunkLike): void {
    this.leaveAlone(chunk);
    this.#givenUp.delete(chunk);
    const { level, start } = nodeOf(chunk);
    const { chunks } = this.#node(level, start);
    chunks.splice(chunks.indexOf(chunk), 1);
    this.#maybeForget(level, start);
  }

  /** It is damaged, and would fail each merge: none takes it any more, whatever comes to lie over it. */
  giveUp(chunk: StoredChunkLike): void {
    this.#givenUp.add(chunk);
    this.leaveAlone(chunk);
  }

  /** No merge takes it for now. */
  leaveAlone(chunk: StoredChunkLike): void {
    if (!this.#counted.delete(chunk)) return;
    this.#addUp(chunk, -1);
  }

  find(chunkId: number): StoredChunkLike | undefined {
    for (const { chunks } of this.#nodes.values()) {
      const chunk = chunks.find((each) => each.chunkId === chunkId);
      if (chunk !== undefined) return chunk;
    }
    return undefined;
  }

  /** Chunks that may have rows of a series in a range. */
  chunksOf(seriesId: number, { startOffsetNs, endOffsetNs }: OffsetRange): StoredChunkLike[] {
    const found: StoredChunkLike[] = [];
    for (let level = 0; level < this.#levelCount; level += 1) {
      for (const chunk of this.#nodes.get(keyOf(level, alignedTo(seriesId, level)))?.chunks ?? NONE) {
        const hasSeries = chunk.firstSeriesId <= seriesId && seriesId <= chunk.lastSeriesId;
        if (hasSeries && chunk.minOffsetNs < endOffsetNs && startOffsetNs <= chunk.maxOffsetNs) found.push(chunk);
      }
    }
    return found;
  }

  /** Chunks to merge next: of one tier, over one range. Undefined: there are none. */
  planMerge(): readonly StoredChunkLike[] | undefined {
    for (const [key, place] of this.#candidates) {
      this.#candidates.delete(key);
      const sums = this.#sumsOf(place);
      if (sums === undefined || !isWorthIt(sums, place)) continue;
      return isSmall(sums) ? this.#collect(place, []) : this.#someOf(place);
    }
    return undefined;
  }

  /** Chunks to write anew, of those that pass and were not given up: some of one tier. Undefined: none does. */
  planRewrite(isWanted: (chunk: StoredChunkLike) => boolean): readonly StoredChunkLike[] | undefined {
    const wanted = [...this.#nodes.values()].flatMap(({ chunks }) => chunks.filter((chunk) => !this.#givenUp.has(chunk) && isWanted(chunk)));
    const ofTier = wanted.filter(({ tier }) => tier === wanted[0]!.tier);
    return ofTier.length === 0 ? undefined : firstOf(ofTier, 1);
  }

  /** Whether a chunk that was given up passes. */
  hasGivenUp(isWanted: (chunk: StoredChunkLike) => boolean): boolean {
    return [...this.#givenUp].some(isWanted);
  }

  /** Chunks that may have rows of the series and times that these have. */
  besides(these: readonly StoredChunkLike[]): readonly StoredChunkLike[] {
    const all = new Set(these);
    const hull = hullOf(these);
    const isNear = (chunk: StoredChunkLike): boolean => overlap(chunk, hull) && chunk.firstSeriesId <= hull.lastSeriesId && hull.firstSeriesId <= chunk.lastSeriesId;
    return [...this.#nodes.values()].flatMap(({ chunks }) => chunks.filter((chunk) => isNear(chunk) && !all.has(chunk)));
  }

  #count(chunk: StoredChunkLike): void {
    if (this.#givenUp.has(chunk)) return;
    this.#counted.add(chunk);
    this.#addUp(chunk, 1);
  }

  /** Where it changes what lies at and below a node, a merge may have become worth it: more chunks, or fewer at a time. */
  #addUp(chunk: StoredChunkLike, sign: 1 | -1): void {
    const own = nodeOf(chunk);
    for (let level = own.level; level < LEVEL_COUNT; level += 1) {
      const place = { level, start: alignedTo(own.start, level), tier: chunk.tier };
      const node = this.#node(level, place.start);
      const sums = (node.below[chunk.tier] ??= { chunkCount: 0, sizeBytes: 0, rowCount: 0, width: 0, ownCount: 0 });
      sums.chunkCount += sign;
      sums.sizeBytes += sign * chunk.payloadSizeBytes;
      sums.rowCount += sign * chunk.rowCount;
      sums.width += sign * 2 ** own.level;
      if (level === own.level) sums.ownCount += sign;
      if (isWorthIt(sums, place)) this.#candidates.set(`${level}/${place.start}/${chunk.tier}`, place);
      this.#maybeForget(level, place.start);
    }
  }

  /** Of the chunks at a node as many as may be merged at a time, those that begin first. */
  #someOf({ level, start, tier }: Place): readonly StoredChunkLike[] {
    const own = this.#nodes.get(keyOf(level, start))!.chunks.filter((chunk) => chunk.tier === tier && this.#counted.has(chunk));
    own.sort((left, right) => left.minOffsetNs - right.minOffsetNs);
    return firstOf(own, MERGE_DEPTH);
  }

  #collect({ level, start, tier }: Place, into: StoredChunkLike[]): readonly StoredChunkLike[] {
    const node = this.#nodes.get(keyOf(level, start));
    if (node === undefined || (node.below[tier]?.chunkCount ?? 0) === 0) return into;
    for (const chunk of node.chunks) if (chunk.tier === tier && this.#counted.has(chunk)) into.push(chunk);
    if (level === 0) return into;
    this.#collect({ level: level - 1, start, tier }, into);
    return this.#collect({ level: level - 1, start: start + 2 ** (level - 1), tier }, into);
  }

  #sumsOf({ level, start, tier }: Place): Sums | undefined {
    return this.#nodes.get(keyOf(level, start))?.below[tier];
  }

  #node(level: number, start: number): Node {
    const key = keyOf(level, start);
    let node = this.#nodes.get(key);
    if (node === undefined) this.#nodes.set(key, (node = { chunks: [], below: [] }));
    return node;
  }

  #maybeForget(level: number, start: number): void {
    const node = this.#nodes.get(keyOf(level, start));
    if (node?.chunks.length === 0 && node.below.every((each) => each === undefined || each.chunkCount === 0)) this.#nodes.delete(keyOf(level, start));
  }
}

/** Whether chunks lie deep enough: all below a node when that is not too much at a time, else those of this very range. */
function isWorthIt(sums: Sums, { level }: Place): boolean {
  return sums.width >= MERGE_DEPTH * 2 ** level && (isSmall(sums) || sums.ownCount >= MERGE_DEPTH);
}

function isSmall({ sizeBytes, rowCount, chunkCount }: Sums): boolean {
  return sizeBytes <= MERGE_SIZE_BYTES_MAX && rowCount <= MERGE_ROW_COUNT_MAX && chunkCount <= MERGE_CHUNK_COUNT_MAX;
}

/** About so many rows each of their series has in a range that they overlap, if rows lie evenly over a chunk's series and its time. */
export function rowCountIn(chunks: readonly StoredChunkLike[], range: OffsetRange): number {
  let rowCount = 0;
  for (const { firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs, rowCount: ofChunk } of chunks) {
    const lengthNs = Math.min(maxOffsetNs + 1, range.endOffsetNs) - Math.max(minOffsetNs, range.startOffsetNs);
    rowCount += (ofChunk / (lastSeriesId - firstSeriesId + 1)) * (lengthNs / (maxOffsetNs + 1 - minOffsetNs));
  }
  return rowCount;
}

/** As many as may be merged at a time, and at least so many. */
function firstOf(chunks: readonly StoredChunkLike[], countMin: number): readonly StoredChunkLike[] {
  let [sizeBytes, rowCount] = [0, 0];
  const tooMany = chunks.findIndex((chunk, index) => {
    sizeBytes += chunk.payloadSizeBytes;
    rowCount += chunk.rowCount;
    return index >= countMin && (sizeBytes > MERGE_SIZE_BYTES_MAX || rowCount > MERGE_ROW_COUNT_MAX || index >= MERGE_CHUNK_COUNT_MAX);
  });
  return tooMany < 0 ? chunks : chunks.slice(0, tooMany);
}

/** Whether it is cut as finely as chunks are: merged with those beside it, it would become as many again. */
function isFull({ firstSeriesId, lastSeriesId, payloadSizeBytes }: StoredChunkLike): boolean {
  return firstSeriesId === lastSeriesId && payloadSizeBytes >= FULL_SIZE_BYTES_MIN;
}

/** All series and times of some chunks, and those in between. */
function hullOf(chunks: readonly StoredChunkLike[]): Hull {
  return {
    firstSeriesId: Math.min(...chunks.map(({ firstSeriesId }) => firstSeriesId)),
    lastSeriesId: Math.max(...chunks.map(({ lastSeriesId }) => lastSeriesId)),
    minOffsetNs: Math.min(...chunks.map(({ minOffsetNs }) => minOffsetNs)),
    maxOffsetNs: Math.max(...chunks.map(({ maxOffsetNs }) => maxOffsetNs)),
  };
}

function overlap(left: Times, right: Times): boolean {
  return left.minOffsetNs <= right.maxOffsetNs && right.minOffsetNs <= left.maxOffsetNs;
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
