import type { SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';
import { sizeOfHeader, type ChunkBytes, type ChunkHeader } from '@varve/storage';

/** Of the whole, for headers. */
const HEADER_SHARE = 0.5;

/**
 * Bytes of chunks that queries used last, checked, bounded: payloads packed, because unpacking is cheaper than the memory, and
 * headers decoded. A chunk never changes, so nothing here is ever stale.
 */
export class ChunkCache {
  readonly #headers: LeastRecentlyUsed<ChunkHeader>;
  readonly #payloads: LeastRecentlyUsed<Uint8Array>;

  constructor(sizeBytesMax: SizeBytes) {
    this.#headers = new LeastRecentlyUsed(sizeBytesMax * HEADER_SHARE);
    this.#payloads = new LeastRecentlyUsed(sizeBytesMax * (1 - HEADER_SHARE));
  }

  get sizeBytes(): SizeBytes {
    return this.#headers.sizeBytes + this.#payloads.sizeBytes;
  }

  header(shard: ShardId, chunkId: number): ChunkHeader | undefined {
    return this.#headers.get(keyOf(shard, chunkId));
  }

  payload(shard: ShardId, chunkId: number): Uint8Array | undefined {
    return this.#payloads.get(keyOf(shard, chunkId));
  }

  putHeader(shard: ShardId, chunkId: number, header: ChunkHeader): void {
    this.#headers.put(keyOf(shard, chunkId), header, sizeOfHeader(header));
  }

  putPayload(shard: ShardId, chunkId: number, payload: Uint8Array): void {
    this.#payloads.put(keyOf(shard, chunkId), payload, payload.length);
  }
}

/** Chunks of the same series: a question over a day or two has one or two. */
const AT_HAND_COUNT = 4;

/** What a cache has of one shard. The chunks asked for last are at hand: series of a chunk are read one after the other. */
export class CachedChunks implements ChunkBytes {
  readonly #cache: ChunkCache;
  readonly #shard: ShardId;
  readonly #headers = new AtHand<ChunkHeader>();
  readonly #payloads = new AtHand<Uint8Array>();

  constructor(cache: ChunkCache, shard: ShardId) {
    this.#cache = cache;
    this.#shard = shard;
  }

  header(chunkId: number): ChunkHeader | undefined {
    return this.#headers.get(chunkId) ?? this.#headers.keep(chunkId, this.#cache.header(this.#shard, chunkId));
  }

  payload(chunkId: number): Uint8Array | undefined {
    return this.#payloads.get(chunkId) ?? this.#payloads.keep(chunkId, this.#cache.payload(this.#shard, chunkId));
  }

  putHeader(chunkId: number, header: ChunkHeader): void {
    this.#cache.putHeader(this.#shard, chunkId, header);
  }

  putPayload(chunkId: number, payload: Uint8Array): void {
    this.#cache.putPayload(this.#shard, chunkId, payload);
  }
}

/** A few, the oldest of which goes first. */
class AtHand<Value> {
  readonly #chunkIds: number[] = [];
  readonly #values: Value[] = [];
  #next = 0;

  get(chunkId: number): Value | undefined {
    for (let place = 0; place < this.#chunkIds.length; place += 1) if (this.#chunkIds[place] === chunkId) return this.#values[place];
    return undefined;
  }

  /** Keeps a value, if it is one, and returns it. */
  keep(chunkId: number, value: Value | undefined): Value | undefined {
    if (value === undefined) return undefined;
    this.#chunkIds[this.#next] = chunkId;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % AT_HAND_COUNT;
    return value;
  }
}

/** A number is found sooner than a text, which is looked for among all texts first. */
function keyOf(shard: ShardId, chunkId: number): Key {
  return shard < SHARD_END && chunkId < CHUNK_END ? shard * CHUNK_END + chunkId : `${shard}/${chunkId}`;
}

type Key = number | string;

/** Together an exact number. */
const CHUNK_END = 2 ** 28;
const SHARD_END = 2 ** 25;

class LeastRecentlyUsed<Value> {
  readonly #sizeBytesMax: SizeBytes;
  /** In order of use, oldest first. */
  readonly #entries = new Map<Key, { readonly value: Value; readonly sizeBytes: SizeBytes }>();
  #sizeBytes: SizeBytes = 0;

  constructor(sizeBytesMax: SizeBytes) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): SizeBytes {
    return this.#sizeBytes;
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  put(key: Key, value: Value, sizeBytes: SizeBytes): void {
    if (sizeBytes > this.#sizeBytesMax || this.#entries.has(key)) return;
    this.#entries.set(key, { value, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#sizeBytes <= this.#sizeBytesMax) return;
      this.#entries.delete(oldest);
      this.#sizeBytes -= entry.sizeBytes;
    }
  }
}
