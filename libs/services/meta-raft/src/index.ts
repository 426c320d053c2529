export { createMetaRaft } from './create-meta-raft.ts';
export type { MetaRaftConfig, MetaRaftPorts } from './ports.ts';
