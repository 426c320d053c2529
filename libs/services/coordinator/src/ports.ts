import type { DurationMs } from '@varve/base';
import type { Bus, CatalogCache, Clock, Log, Metrics, PasswordHasher, Random, SelfReport, Tracer } from '@varve/ports';

export interface CoordinatorPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly passwords: PasswordHasher;
  /** Of its process; absent: SHOW STATS and SHOW DIAGNOSTICS say less. */
  readonly selfReport?: SelfReport | undefined;
  /** Where its copy of the catalog outlives it; it keeps nothing else. */
  readonly catalogCache?: CatalogCache | undefined;
}

export interface CoordinatorConfig {
  readonly clusterId: string;
  /** Holder of the incarnation, for people who read the catalog. */
  readonly nodeName: string;
  /** A write that has not met its level by then answers 504. */
  readonly writeTimeoutMs: DurationMs;
  /** Series of one shard group; 0 is no limit. */
  readonly seriesCountMax: number;
  /** 0 is no limit. */
  readonly queryTimeoutMs: DurationMs;
  /** 0 is no limit. */
  readonly concurrentQueryCountMax: number;
  /** Windows of one SELECT; 0 is no limit. */
  readonly selectBucketCountMax: number;
  /** 0 logs none. */
  readonly slowQueryMs: DurationMs;
}
