export { startCluster } from './start-cluster.ts';
export type { Cluster } from './start-cluster.ts';
export type { ClusterOptions } from './plan.ts';
