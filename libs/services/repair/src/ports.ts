import type { DurationMs, SizeBytes } from '@varve/base';
import type { Bus, CatalogCache, Clock, HintStore, Log, Metrics, Random, Tracer } from '@varve/ports';

/** What a repair node needs of the outside. */
export interface RepairPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** Where its copy of the catalog outlives it. */
  readonly catalogCache?: CatalogCache | undefined;
  /** Its own, and its durable state. Without one it keeps no hints and no owner pulls from others: a cluster of one node needs neither. */
  readonly hintStore?: HintStore | undefined;
}

/** Times and bounds; `LIMITS` and the options have values for them. */
export interface RepairConfig {
  readonly clusterId: string;
  readonly nodeName: string;
  readonly retentionCheckIntervalMs: DurationMs;
  readonly precreationCheckIntervalMs: DurationMs;
  readonly precreationAdvanceMs: DurationMs;
  /** Hints of one owner; beyond it they become dirty marks. */
  readonly hintSizeBytesMax: SizeBytes;
}
