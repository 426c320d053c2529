/** The steps of a shard, for tests that take them one by one on stores of their own. */
export { ChunksAtHand } from '../chunk-bytes.ts';
export { ChunkCache } from '../chunk-cache.ts';
export { Damage } from '../damage.ts';
export { flushShard } from '../flush.ts';
export { mergeShard } from '../merge.ts';
export { produceQuery } from '../query-path.ts';
export { readSeries } from '../read-shard.ts';
export { Recovery } from '../recovery.ts';
export { ScanThreads } from '../scan-threads.ts';
export { seriesSource } from '../series-path.ts';
export { StatementTurns } from '../statement-turns.ts';
export { trimJournal } from '../trim.ts';
export { takeWatermarks } from '../watermark-path.ts';
export { WritePath } from '../write-path.ts';
export { WantedFields } from '@varve/storage';
export type { FlushPorts } from '../flush.ts';
export type { ShardReplica } from '../shard-replica.ts';
