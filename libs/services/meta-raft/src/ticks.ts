import type { DurationMs } from '@varve/base';
import type { MetaRaftConfig } from './ports.ts';

/** Raft counts time in these. */
export const TICKS_PER_HEARTBEAT = 2;

/** Between two ticks. */
export function tickIntervalMsOf({ raftHeartbeatIntervalMs }: Pick<MetaRaftConfig, 'raftHeartbeatIntervalMs'>): DurationMs {
  return raftHeartbeatIntervalMs / TICKS_PER_HEARTBEAT;
}
