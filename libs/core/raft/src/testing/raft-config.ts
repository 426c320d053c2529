import type { RaftConfig } from '../ready.ts';

/** Small bounds, and election timeouts that differ by the id: 10 ticks for the peer 1, 11 for 2. */
export function raftConfig(id: number): RaftConfig {
  return {
    id,
    electionTickCount: 10,
    heartbeatTickCount: 2,
    appendSizeBytesMax: 100,
    inFlightCountMax: 2,
    inFlightSizeBytesMax: 1_000,
    uncommittedSizeBytesMax: 1_000,
    pendingReadCountMax: 3,
    randomUint32: () => id - 1,
  };
}
