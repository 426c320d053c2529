import { assert, DbError } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { ShardStore } from '@varve/ports';
import { checkPayload, namingChunk, openHeader, type ChunkBytes, type ChunkHeader, type ChunkToMerge, type StoredChunkLike } from '@varve/storage';
import type { CachedChunks } from './chunk-cache.ts';
import type { ShardReplica } from './shard-replica.ts';

/** Where bytes of chunks come from. */
export interface ChunkSource {
  readonly replica: ShardReplica;
  readonly shardStore: ShardStore;
  /** Absent: what is read is not wanted again. */
  readonly cache?: CachedChunks;
}

/** The bytes of chunks that one read works on: what it has seen stays until its end, whatever the cache lets go of. */
export class ChunksAtHand implements ChunkBytes {
  readonly #from: ChunkSource;
  readonly #headers = new Map<number, ChunkHeader>();
  readonly #payloads = new Map<number, Uint8Array>();

  constructor(from: ChunkSource) {
    this.#from = from;
  }

  header(chunkId: number): ChunkHeader | undefined {
    return kept(this.#headers, chunkId, () => this.#from.cache?.header(chunkId));
  }

  payload(chunkId: number): Uint8Array | undefined {
    return kept(this.#payloads, chunkId, () => this.#from.cache?.payload(chunkId));
  }

  /** A chunk that a merge has removed meanwhile is left out; the next plan does not name it any more. @throws DbError CHUNK_INVALID */
  async fetchHeaders(chunks: readonly StoredChunkLike[]): Promise<void> {
    const { replica, shardStore, cache } = this.#from;
    const fetched = await oneByOneIfDamaged(chunks.map(({ chunkId }) => chunkId), (chunkIds) => shardStore.readHeaders(replica.shard, chunkIds));
    assert(fetched.length === chunks.length, `${fetched.length} headers for ${chunks.length} chunks`);
    for (const [index, chunk] of chunks.entries()) {
      const bytes = fetched[index];
      if (bytes === undefined) continue;
      const header = namingChunk(chunk.chunkId, () => openHeader(chunk, bytes));
      this.#headers.set(chunk.chunkId, header);
      cache?.putHeader(chunk.chunkId, header);
    }
  }

  /** As `fetchHeaders`, of chunks whose headers are at hand. @throws DbError CHUNK_INVALID */
  async fetchPayloads(chunkIds: readonly number[]): Promise<void> {
    const { replica, shardStore, cache } = this.#from;
    const fetched = await oneByOneIfDamaged(chunkIds, (ids) => shardStore.readPayloads(replica.shard, ids));
    assert(fetched.length === chunkIds.length, `${fetched.length} payloads for ${chunkIds.length} chunks`);
    for (const [index, chunkId] of chunkIds.entries()) {
      const payload = fetched[index];
      if (payload === undefined) continue;
      namingChunk(chunkId, () => checkPayload(this.header(chunkId)!, payload));
      this.#payloads.set(chunkId, payload);
      cache?.putPayload(chunkId, payload);
    }
  }
}

/** The bytes of chunks that must be there, as the store has them. @throws DbError CHUNK_INVALID */
export async function readChunks(shardStore: ShardStore, shard: ShardId, chunks: readonly StoredChunkLike[]): Promise<readonly ChunkToMerge[]> {
  const chunkIds = chunks.map(({ chunkId }) => chunkId);
  const headers = await oneByOneIfDamaged(chunkIds, (ids) => shardStore.readHeaders(shard, ids));
  const payloads = await oneByOneIfDamaged(chunkIds, (ids) => shardStore.readPayloads(shard, ids));
  return chunks.map((chunk, index) => {
    const [header, payload] = [headers[index], payloads[index]];
    if (header !== undefined && payload !== undefined) return { chunk, header, payload };
    throw new DbError('CHUNK_INVALID', `chunk ${chunk.chunkId} is missing`, { chunkId: chunk.chunkId });
  });
}

type Blobs = readonly (Uint8Array | undefined)[];

/** A file that is damaged where some of these chunks lie still has the others. @throws DbError CHUNK_INVALID that names the first of them */
async function oneByOneIfDamaged(chunkIds: readonly number[], read: (chunkIds: readonly number[]) => Promise<Blobs>): Promise<Blobs> {
  try {
    return await read(chunkIds);
  } catch (error) {
    if (!(error instanceof DbError) || error.code !== 'STORAGE_CORRUPT') throw error;
    const [chunkId, ...others] = chunkIds;
    if (others.length === 0) throw new DbError('CHUNK_INVALID', error.message, { ...error.facts, chunkId }, { cause: error });
  }
  const blobs: (Uint8Array | undefined)[] = [];
  for (const chunkId of chunkIds) blobs.push(...(await oneByOneIfDamaged([chunkId], read)));
  return blobs;
}

function kept<Value>(values: Map<number, Value>, chunkId: number, find: () => Value | undefined): Value | undefined {
  const value = values.get(chunkId) ?? find();
  if (value !== undefined) values.set(chunkId, value);
  return value;
}
