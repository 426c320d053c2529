import type { DurationMs, SizeBytes } from '@varve/base';
import type { Bus, CatalogStore, Clock, Log, Metrics, RaftLogStore, Random, Tracer } from '@varve/ports';

/** What a meta node needs of the outside. The log and the snapshot are its own: nobody else opens them. */
export interface MetaRaftPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Proposals of traced requests are spans; without one there are none. */
  readonly tracer?: Tracer | undefined;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
  /** Called once when the log can be written or understood no more: the process must end. */
  readonly onFatal: (error: unknown) => void;
}

/** Bounds of a meta node; `LIMITS` has values for them. */
export interface MetaRaftConfig {
  readonly clusterId: string;
  /** Which of the voters this node is, from 1. A disk belongs to one of them for ever. */
  readonly peerId: number;
  /** Whom the group is founded with, the same for all of them. Later its log says who is a member; these are who is asked first. */
  readonly voters: readonly number[];
  readonly raftHeartbeatIntervalMs: DurationMs;
  /** Up to twice as long by chance; several heartbeats fit into it. */
  readonly raftElectionTimeoutMs: DurationMs;
  /** Entries applied since the last snapshot at which the next one is taken and the log is cut. */
  readonly snapshotEntryCount: number;
  /** Proposals accepted and not yet applied; beyond it new ones are told to come again. */
  readonly proposalCountMax: number;
  /** One proposal, encoded; a larger one is refused. */
  readonly proposalSizeBytesMax: SizeBytes;
  /** How far ahead of this node's clock a coordinator may lease stamps; one that wants more has a wrong clock. */
  readonly leaseAheadMsMax: DurationMs;
}
