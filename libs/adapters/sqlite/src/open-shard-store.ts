import type { ShardId } from '@varve/model';
import type { NewChunk, ShardChange, ShardState, ShardStore, StoredChunk, StoredSeries } from '@varve/ports';
import type { ShardFiles, ShardFilesOptions } from './shard-files.ts';
import { WorkerClient } from './worker-client.ts';

/**
 * Opens the chunk files in a directory, which is made when it is not there. Their thread is not the journal's, so that an
 * ack never waits for a flush. @throws DbError STORAGE_UNWRITABLE, STORAGE_FAILED
 */
export async function openShardStore(options: ShardFilesOptions): Promise<ShardStore> {
  return new SqliteShardStore(await WorkerClient.start<ShardFiles>({ store: 'shards', options }));
}

class SqliteShardStore implements ShardStore {
  readonly #worker: WorkerClient<ShardFiles>;

  constructor(worker: WorkerClient<ShardFiles>) {
    this.#worker = worker;
  }

  async shards(): Promise<readonly ShardId[]> {
    return this.#worker.call('shards');
  }

  async readState(shard: ShardId): Promise<ShardState> {
    return this.#worker.call('readState', shard);
  }

  async readSeries(shard: ShardId): Promise<readonly StoredSeries[]> {
    const series: StoredSeries[] = [];
    for (;;) {
      const place = { afterId: series.at(-1)?.seriesId ?? 0, countBefore: series.length };
      const page = await this.#worker.call('readSeries', shard, place);
      if (page.length === 0) return series;
      series.push(...page);
    }
  }

  async readChunkHeaders(shard: ShardId): Promise<readonly StoredChunk[]> {
    return this.#worker.call('readChunkHeaders', shard);
  }

  async readPayloads(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#worker.call('readPayloads', shard, chunkIds);
  }

  async commit(shard: ShardId, change: ShardChange): Promise<readonly number[]> {
    return this.#worker.call('commit', shard, { ...change, chunks: change.chunks.map(withOwnBytes) });
  }

  async drop(shard: ShardId): Promise<void> {
    await this.#worker.call('drop', shard);
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }
}

/** A message takes a view's whole buffer along, so views into larger ones are cut out first. */
function withOwnBytes(chunk: NewChunk): NewChunk {
  return { ...chunk, header: ownBytes(chunk.header), payload: ownBytes(chunk.payload) };
}

function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
