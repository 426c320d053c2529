export { startMetaGroup } from './meta-group.ts';
export { startCluster } from './start-cluster.ts';
export type { Cluster } from './start-cluster.ts';
export type { MetaGroup, MetaGroupOptions } from './meta-group.ts';
export type { ClusterOptions } from './plan.ts';
