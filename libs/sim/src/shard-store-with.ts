import type { ShardStore } from '@varve/ports';

/** A shard store some of whose calls are other ones. */
export function shardStoreWith(store: ShardStore, changes: Partial<ShardStore>): ShardStore {
  return {
    shards: () => store.shards(),
    readState: (shard) => store.readState(shard),
    readSeries: (shard) => store.readSeries(shard),
    readChunks: (shard) => store.readChunks(shard),
    readTombstones: (shard) => store.readTombstones(shard),
    readHeaders: (shard, chunkIds) => store.readHeaders(shard, chunkIds),
    readPayloads: (shard, chunkIds) => store.readPayloads(shard, chunkIds),
    commit: (shard, change) => store.commit(shard, change),
    markDamaged: (shard, chunkId) => store.markDamaged(shard, chunkId),
    drop: (shard) => store.drop(shard),
    close: () => store.close(),
    ...changes,
  };
}
