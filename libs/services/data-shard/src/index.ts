export { createDataShard } from './create-data-shard.ts';
export type { DataShardConfig, DataShardPorts } from './ports.ts';
