import { decodeChunkHeader, estimateRowCount, type ChunkHeader } from './chunk-header.ts';
import { chunkInvalid } from './chunk-invalid.ts';
import type { OffsetRange } from './rows.ts';

/** A chunk as the shard's file has it. */
export interface StoredChunkLike {
  readonly chunkId: number;
  readonly seriesId: number;
  /** Both inclusive. */
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly header: Uint8Array;
  readonly payloadSizeBytes: number;
}

/** A chunk in the directory. Its header stays packed: there are many, and few are looked at. */
export interface ChunkEntry extends StoredChunkLike {
  readonly estimatedRowCount: number;
}

/** Unpacked headers kept: about 2 KiB each; when full all are forgotten. */
const HEADER_COUNT_MAX = 8_192;

/** Which chunks a series has, sorted by their earliest time. */
export class ChunkDirectory {
  readonly #chunks = new Map<number, ChunkEntry[]>();
  readonly #headers = new Map<ChunkEntry, ChunkHeader>();

  add(stored: StoredChunkLike): void {
    const { chunkId, seriesId, minOffsetNs, maxOffsetNs, header, payloadSizeBytes } = stored;
    const estimatedRowCount = estimateRowCount(header);
    const entry = { chunkId, seriesId, minOffsetNs, maxOffsetNs, header, payloadSizeBytes, estimatedRowCount };
    const chunks = this.#chunks.get(seriesId);
    if (chunks === undefined) this.#chunks.set(seriesId, [entry]);
    else chunks.splice(placeOf(chunks, entry), 0, entry);
  }

  remove(entry: ChunkEntry): void {
    const rest = this.chunksOf(entry.seriesId).filter((each) => each !== entry);
    if (rest.length > 0) this.#chunks.set(entry.seriesId, rest);
    else this.#chunks.delete(entry.seriesId);
    this.#headers.delete(entry);
  }

  /** Series that have chunks. */
  seriesIds(): Iterable<number> {
    return this.#chunks.keys();
  }

  /** By earliest time. */
  chunksOf(seriesId: number): readonly ChunkEntry[] {
    return this.#chunks.get(seriesId) ?? [];
  }

  /** Chunks of a series that may have rows in the range. */
  chunksWithin(seriesId: number, { startOffsetNs, endOffsetNs }: OffsetRange): readonly ChunkEntry[] {
    return this.chunksOf(seriesId).filter(
      ({ minOffsetNs, maxOffsetNs }) => minOffsetNs < endOffsetNs && startOffsetNs <= maxOffsetNs,
    );
  }

  /** @throws DbError CHUNK_INVALID when the header is damaged, or is another chunk's. */
  headerOf(entry: ChunkEntry): ChunkHeader {
    const known = this.#headers.get(entry);
    if (known !== undefined) return known;
    const header = decodeChunkHeader(entry.header);
    const isItsOwn =
      header.seriesId === entry.seriesId &&
      header.minOffsetNs === entry.minOffsetNs &&
      header.maxOffsetNs === entry.maxOffsetNs;
    if (!isItsOwn)
      throw chunkInvalid(`header of chunk ${entry.chunkId} belongs to another chunk`, { seriesId: entry.seriesId });
    if (this.#headers.size >= HEADER_COUNT_MAX) this.#headers.clear();
    this.#headers.set(entry, header);
    return header;
  }
}

/** Behind all chunks that start no later. */
function placeOf(chunks: readonly ChunkEntry[], { minOffsetNs }: ChunkEntry): number {
  let place = chunks.length;
  while (place > 0 && chunks[place - 1]!.minOffsetNs > minOffsetNs) place -= 1;
  return place;
}
