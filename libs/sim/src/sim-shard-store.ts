import { NO_WATERMARK, type ShardId } from '@varve/model';
import type { ShardChange, ShardState, ShardStore, StoredChunk, StoredSeries, StoredTombstone } from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** What the disk holds of one shard. */
interface ShardContent {
  state: ShardState;
  readonly series: StoredSeries[];
  readonly chunks: Map<number, { readonly chunk: StoredChunk; readonly header: Uint8Array; readonly payload: Uint8Array }>;
  readonly tombstones: Map<number, StoredTombstone>;
  nextChunkId: number;
}

/** A {@link ShardStore} on a simulated disk. A change that does not fit changes nothing and may be tried again. */
export class SimShardStore implements ShardStore {
  readonly #content: Map<ShardId, ShardContent>;
  readonly #file: SimFile;

  constructor(process: SimProcess, disk: SimDisk) {
    this.#content = disk.file('shards', () => new Map());
    this.#file = new SimFile(process, disk, { name: 'shards', isBrokenByFailure: false });
  }

  async shards(): Promise<readonly ShardId[]> {
    return this.#file.read('list', () => [...this.#content.keys()].sort((left, right) => left - right));
  }

  async readState(shard: ShardId): Promise<ShardState> {
    return this.#read(shard, 'state', ({ state }) => structuredClone(state));
  }

  async readSeries(shard: ShardId): Promise<readonly StoredSeries[]> {
    return this.#read(shard, 'series', ({ series }) => [...series]);
  }

  async readChunks(shard: ShardId): Promise<readonly StoredChunk[]> {
    return this.#read(shard, 'chunks', ({ chunks }) => [...chunks.values()].map(({ chunk }) => ({ ...chunk })));
  }

  async readTombstones(shard: ShardId): Promise<readonly StoredTombstone[]> {
    return this.#read(shard, 'tombstones', ({ tombstones }) => [...tombstones.values()].map(({ seq, frame }) => ({ seq, frame: frame.slice() })));
  }

  async readHeaders(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#read(shard, 'headers', ({ chunks }) => chunkIds.map((chunkId) => chunks.get(chunkId)?.header.slice()));
  }

  async readPayloads(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#read(shard, 'payloads', ({ chunks }) =>
      chunkIds.map((chunkId) => chunks.get(chunkId)?.payload.slice()),
    );
  }

  async commit(shard: ShardId, change: ShardChange): Promise<readonly number[]> {
    const copy = structuredClone(change);
    return this.#file.write('commit', () => {
      const content = this.#content.get(shard) ?? emptyShard();
      this.#content.set(shard, content);
      return apply(content, copy);
    });
  }

  async markDamaged(shard: ShardId, chunkId: number): Promise<void> {
    await this.#file.write('mark', () => {
      const { chunks } = this.#content.get(shard) ?? emptyShard();
      const found = chunks.get(chunkId);
      if (found !== undefined) chunks.set(chunkId, { ...found, chunk: { ...found.chunk, isDamaged: true } });
    });
  }

  async drop(shard: ShardId): Promise<void> {
    await this.#file.write('drop', () => this.#content.delete(shard), { needsSpace: false });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #read<Value>(shard: ShardId, what: string, look: (content: ShardContent) => Value): Promise<Value> {
    return this.#file.read(what, () => look(this.#content.get(shard) ?? emptyShard()));
  }
}

function emptyShard(): ShardContent {
  return { state: { flushedSeq: 0, vector: new Uint8Array(0), watermark: NO_WATERMARK, hadDeletes: false }, series: [], chunks: new Map(), tombstones: new Map(), nextChunkId: 1 };
}

function apply(content: ShardContent, change: ShardChange): number[] {
  content.state = change.state;
  content.series.push(...change.series);
  for (const chunkId of change.removedChunkIds) content.chunks.delete(chunkId);
  for (const seq of change.removedTombstoneSeqs) content.tombstones.delete(seq);
  for (const tombstone of change.tombstones) content.tombstones.set(tombstone.seq, tombstone);
  return change.chunks.map(({ header, payload, ...extent }) => {
    const chunkId = content.nextChunkId;
    content.nextChunkId += 1;
    const stored = { ...extent, chunkId, writtenSeq: change.state.flushedSeq, headerSizeBytes: header.length, payloadSizeBytes: payload.length, isDamaged: false };
    content.chunks.set(chunkId, { chunk: stored, header, payload });
    return chunkId;
  });
}
