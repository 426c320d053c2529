import type { DurationMs } from '@varve/base';
import type { MetaRaftConfig } from './ports.ts';

/** Raft counts time in these. Peers draw their election timeouts in ticks too: with few to draw from, two of them often stand at once and no one wins. */
export const TICKS_PER_HEARTBEAT = 4;

/** Between two ticks. */
export function tickIntervalMsOf({ raftHeartbeatIntervalMs }: Pick<MetaRaftConfig, 'raftHeartbeatIntervalMs'>): DurationMs {
  return raftHeartbeatIntervalMs / TICKS_PER_HEARTBEAT;
}
