import { pageCountOf, type ChunkHeader } from './chunk/chunk-header.ts';
import { namingChunk } from './chunk/chunk-invalid.ts';
import { readBlocks } from './chunk/read-chunk.ts';
import { copyRanges, pickRanges } from './columns.ts';
import { lowerBound, mergeRows } from './rows.ts';
import { blockAlone, blockOf, concatBlocks, sliceBlocks, type SortedRows } from './sorted-rows.ts';

/** A chunk whose bytes are at hand. */
export interface OpenChunk {
  readonly chunkId: number;
  readonly header: ChunkHeader;
  readonly payload: Uint8Array;
}

/**
 * The rows of all chunks as if they had come in one: series ascend, each with one block in normal form. A few pages are
 * unpacked at a time: as many as have the next series. @throws DbError CHUNK_INVALID
 */
export function* mergeChunks(chunks: readonly OpenChunk[]): Generator<SortedRows> {
  const cursors = chunks.map((chunk) => new ChunkCursor(chunk));
  for (;;) {
    const endId = Math.min(...cursors.map((cursor) => cursor.nextEndId()));
    if (endId === Infinity) return;
    const parts = cursors.flatMap((cursor) => cursor.takeBelow(endId));
    yield mergeBlocks(concatBlocks(parts));
  }
}

/** Goes through a chunk series by series. */
class ChunkCursor {
  readonly #chunk: OpenChunk;
  readonly #pageCount: number;
  #nextPage = 0;
  /** What was unpacked and not taken. */
  #rest: SortedRows | undefined;

  constructor(chunk: OpenChunk) {
    this.#chunk = chunk;
    this.#pageCount = pageCountOf(chunk.header);
  }

  /** Behind the last series that is unpacked, or of the next page; Infinity: everything was taken. */
  nextEndId(): number {
    if (this.#rest !== undefined) return this.#rest.seriesIds.at(-1)! + 1;
    if (this.#nextPage === this.#pageCount) return Infinity;
    const { header } = this.#chunk;
    return header.seriesIds[header.pageStarts[this.#nextPage + 1]! - 1]! + 1;
  }

  /** The blocks of all series below this one. */
  takeBelow(endId: number): SortedRows[] {
    const taken: SortedRows[] = [];
    for (;;) {
      this.#rest ??= this.#unpack(endId);
      if (this.#rest === undefined) return taken;
      const rows = this.#rest;
      const end = lowerBound(rows.seriesIds, endId);
      if (end > 0) taken.push(sliceBlocks(rows, 0, end));
      this.#rest = end === rows.seriesIds.length ? undefined : sliceBlocks(rows, end, rows.seriesIds.length);
      if (this.#rest !== undefined) return taken;
    }
  }

  /** The next page, when it has such a series. */
  #unpack(endId: number): SortedRows | undefined {
    const { chunkId, header, payload } = this.#chunk;
    if (this.#nextPage === this.#pageCount || header.seriesIds[header.pageStarts[this.#nextPage]!]! >= endId) return undefined;
    this.#nextPage += 1;
    return namingChunk(chunkId, () => readBlocks(header, payload, this.#nextPage - 1));
  }
}

/** Brings blocks in any order into one of ascending series, each with one block in normal form. */
export function mergeBlocks(rows: SortedRows): SortedRows {
  const { seriesIds, starts, offsetsNs } = rows;
  const order = Array.from(seriesIds, (_, block) => block).sort((left, right) => seriesIds[left]! - seriesIds[right]! || offsetsNs[starts[left]!]! - offsetsNs[starts[right]!]!);
  const parts: SortedRows[] = [];
  let run: number[] = [];
  for (let first = 0, end = 0; first < order.length; first = end) {
    const seriesId = seriesIds[order[first]!]!;
    for (end = first + 1; end < order.length && seriesIds[order[end]!] === seriesId; end += 1);
    const blocks = order.slice(first, end);
    if (follow(rows, blocks)) {
      run.push(...blocks);
      continue;
    }
    if (run.length > 0) parts.push(pickBlocks(rows, run));
    run = [];
    parts.push(blockOf(seriesId, mergeRows(blocks.map((block) => blockAlone(rows, block)))));
  }
  if (run.length > 0) parts.push(pickBlocks(rows, run));
  return concatBlocks(parts);
}

/** Whether the times of the blocks ascend, each once, from the first to the last. */
function follow({ starts, offsetsNs }: SortedRows, blocks: readonly number[]): boolean {
  let last = -1;
  for (const block of blocks) {
    for (let row = starts[block]!; row < starts[block + 1]!; row += 1) {
      const offsetNs = offsetsNs[row]!;
      if (offsetNs <= last) return false;
      last = offsetNs;
    }
  }
  return true;
}

/** These blocks in this order; neighbours of one series become one block. */
function pickBlocks(rows: SortedRows, blocks: readonly number[]): SortedRows {
  if (blocks.every((block, index) => block === index) && isDistinct(rows.seriesIds) && blocks.length === rows.seriesIds.length) return rows;
  const ranges = blocks.map((block) => ({ startRow: rows.starts[block]!, endRow: rows.starts[block + 1]! }));
  const [seriesIds, starts]: [number[], number[]] = [[], []];
  let rowCount = 0;
  for (const [index, block] of blocks.entries()) {
    const seriesId = rows.seriesIds[block]!;
    if (seriesIds.at(-1) !== seriesId) {
      seriesIds.push(seriesId);
      starts.push(rowCount);
    }
    rowCount += ranges[index]!.endRow - ranges[index]!.startRow;
  }
  return {
    seriesIds: Uint32Array.from(seriesIds),
    starts: Uint32Array.from([...starts, rowCount]),
    offsetsNs: copyRanges(rows.offsetsNs, ranges, new Float64Array(rowCount)),
    columns: rows.columns.map(({ name, column }) => ({ name, column: pickRanges(column, ranges, rowCount) })),
    versions: { versions: rows.versions.versions, ordinals: copyRanges(rows.versions.ordinals, ranges, new Uint32Array(rowCount)) },
  };
}

function isDistinct(seriesIds: Uint32Array): boolean {
  for (let index = 1; index < seriesIds.length; index += 1) if (seriesIds[index] === seriesIds[index - 1]) return false;
  return true;
}
