import type { SizeBytes } from '@varve/base';

/**
 * Compressed chunk payloads that queries used last, bounded in bytes: raw, not decoded, because decoding is cheaper than
 * the memory. Keys are `shard/chunkId`; a chunk never changes, so an entry is never stale.
 */
export class PayloadCache {
  readonly #sizeBytesMax: SizeBytes;
  /** In order of use, oldest first. */
  readonly #payloads = new Map<string, Uint8Array>();
  #sizeBytes: SizeBytes = 0;

  constructor(sizeBytesMax: SizeBytes) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): SizeBytes {
    return this.#sizeBytes;
  }

  get(key: string): Uint8Array | undefined {
    const payload = this.#payloads.get(key);
    if (payload === undefined) return undefined;
    this.#payloads.delete(key);
    this.#payloads.set(key, payload);
    return payload;
  }

  put(key: string, payload: Uint8Array): void {
    if (payload.length > this.#sizeBytesMax || this.#payloads.has(key)) return;
    this.#payloads.set(key, payload);
    this.#sizeBytes += payload.length;
    for (const [oldest, bytes] of this.#payloads) {
      if (this.#sizeBytes <= this.#sizeBytesMax) return;
      this.#payloads.delete(oldest);
      this.#sizeBytes -= bytes.length;
    }
  }
}
