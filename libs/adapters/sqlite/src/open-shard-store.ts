import type { ShardId } from '@varve/model';
import type { NewChunk, ShardChange, ShardState, ShardStore, StoredChunk, StoredSeries, StoredTombstone } from '@varve/ports';
import { HANDED_OVER_SIZE_BYTES_MIN, type CallClient } from '@varve/threads';
import type { ShardFiles, ShardFilesOptions } from './shard-files.ts';
import { startStoreThread } from './store-thread.ts';

/**
 * Opens the chunk files in a directory, which is made when it is not there. Their thread is not the journal's, so that an
 * ack never waits for a flush. @throws DbError STORAGE_UNWRITABLE, STORAGE_FAILED
 */
export async function openShardStore(options: ShardFilesOptions): Promise<ShardStore> {
  return shardStoreOn(await startStoreThread<ShardFiles>({ store: 'shards', options }));
}

/** The shard store over its files, wherever these are. */
export function shardStoreOn(files: CallClient<ShardFiles>): ShardStore {
  return new SqliteShardStore(files);
}

class SqliteShardStore implements ShardStore {
  readonly #files: CallClient<ShardFiles>;

  constructor(files: CallClient<ShardFiles>) {
    this.#files = files;
  }

  async shards(): Promise<readonly ShardId[]> {
    return this.#files.call('shards');
  }

  async readState(shard: ShardId): Promise<ShardState> {
    return this.#files.call('readState', shard);
  }

  async readSeries(shard: ShardId): Promise<readonly StoredSeries[]> {
    const series: StoredSeries[] = [];
    for (;;) {
      const place = { afterId: series.at(-1)?.seriesId ?? 0, countBefore: series.length };
      const page = await this.#files.call('readSeries', shard, place);
      if (page.length === 0) return series;
      series.push(...page);
    }
  }

  async readChunks(shard: ShardId): Promise<readonly StoredChunk[]> {
    return this.#files.call('readChunks', shard);
  }

  async readTombstones(shard: ShardId): Promise<readonly StoredTombstone[]> {
    return this.#files.call('readTombstones', shard);
  }

  async readHeaders(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#files.call('readHeaders', shard, chunkIds);
  }

  async readPayloads(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#files.call('readPayloads', shard, chunkIds);
  }

  async commit(shard: ShardId, change: ShardChange): Promise<readonly number[]> {
    const chunks = change.chunks.map(withOwnBytes);
    const tombstones = change.tombstones.map(({ seq, frame }) => ({ seq, frame: ownBytes(frame) }));
    const buffers = chunks.flatMap(({ header, payload }) => [header.buffer, payload.buffer] as ArrayBuffer[]).filter(({ byteLength }) => byteLength >= HANDED_OVER_SIZE_BYTES_MIN);
    return this.#files.callWith(buffers, 'commit', shard, { ...change, chunks, tombstones });
  }

  async markDamaged(shard: ShardId, chunkId: number): Promise<void> {
    await this.#files.call('markDamaged', shard, chunkId);
  }

  async drop(shard: ShardId): Promise<void> {
    await this.#files.call('drop', shard);
  }

  async close(): Promise<void> {
    await this.#files.close();
  }
}

/** A buffer changes hands as a whole, so views into larger ones are cut out first. */
function withOwnBytes(chunk: NewChunk): NewChunk {
  return { ...chunk, header: ownBytes(chunk.header), payload: ownBytes(chunk.payload) };
}

function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
