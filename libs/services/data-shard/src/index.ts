export { createDataShard } from './create-data-shard.ts';
export type { DataShardConfig, DataShardPorts, ScanTasks, UpkeepTasks } from './ports.ts';
