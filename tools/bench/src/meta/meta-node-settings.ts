import type { MetaRaftConfig } from '@varve/meta-raft-service';

/** Bounds of a measured meta node that there are no options for. */
export type MetaNodeSettings = Partial<Pick<MetaRaftConfig, 'snapshotEntryCount'>>;

/** How the program is told. */
export const SETTINGS_VARIABLE = 'BENCH_META_NODE';

/** Makes it take a snapshot and say how long that took. */
export const SNAPSHOT_SIGNAL = 'SIGUSR2';
