import type { DurationMs, SizeBytes } from '@varve/base';
import type { Bus, CatalogStore, Clock, Log, RaftLogStore } from '@varve/ports';

/** What a meta node needs of the outside. The log and the snapshot are its own: nobody else opens them. */
export interface MetaRaftPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
  /** Called once when the log can be written or understood no more: the process must end. */
  readonly onFatal: (error: unknown) => void;
}

/** Bounds of a meta node; `LIMITS` has values for them. */
export interface MetaRaftConfig {
  readonly clusterId: string;
  /** Entries applied since the last snapshot at which the next one is taken and the log is cut. */
  readonly snapshotEntryCount: number;
  /** Proposals accepted and not yet applied; beyond it new ones are told to come again. */
  readonly proposalCountMax: number;
  /** One proposal, encoded; a larger one is refused. */
  readonly proposalSizeBytesMax: SizeBytes;
  /** How far ahead of this node's clock a coordinator may lease stamps; one that wants more has a wrong clock. */
  readonly leaseAheadMsMax: DurationMs;
}
