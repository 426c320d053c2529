import type { MetaRaftConfig } from '@varve/meta-raft-service';

/** Bounds in which a measured meta node differs from the real one. */
export type MetaNodeSettings = Partial<Pick<MetaRaftConfig, 'raftHeartbeatIntervalMs' | 'raftElectionTimeoutMs' | 'snapshotEntryCount'>>;

/** How the program is told. */
export const SETTINGS_VARIABLE = 'BENCH_META_NODE';

/** Makes it take a snapshot and say how long that took. */
export const SNAPSHOT_SIGNAL = 'SIGUSR2';
