export { createDataShard } from './create-data-shard.ts';
export type { DataShardConfig, DataShardPorts, UpkeepTasks } from './ports.ts';
