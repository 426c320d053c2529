import type { DurationMs, SizeBytes } from '@varve/base';
import type { Background, Bus, CatalogCache, Clock, Journal, Log, Metrics, Random, ShardStore, Tracer } from '@varve/ports';
import type { ShareSize } from '@varve/query';

/** What a data node computes in the background. */
export type UpkeepTasks = typeof import('./upkeep-tasks.ts');

/** What a scan thread does for long queries. */
export type ScanTasks = typeof import('./scan-tasks.ts');

export interface DataShardPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** Where its copy of the catalog outlives it. */
  readonly catalogCache?: CatalogCache | undefined;
  readonly journal: Journal;
  readonly shardStore: ShardStore;
  readonly background: Background<UpkeepTasks>;
  /** Starts a thread that the node closes. Absent: it has none. */
  readonly openScanThread?: (() => Promise<Background<ScanTasks>>) | undefined;
  /** Called once when the node can keep its promises no more (a journal commit failed): the process must end. */
  readonly onFatal: (error: unknown) => void;
}

export interface DataShardConfig {
  readonly clusterId: string;
  /** Names this node in the catalog for ever; the same data directory always has the same name. */
  readonly nodeName: string;
  /** All memtables together; at it the largest is flushed. */
  readonly memtableSizeBytesMax: SizeBytes;
  /** A memtable older than this is flushed even when small. */
  readonly flushAgeMsMax: DurationMs;
  /** Of chunks that queries used last; where there are scan threads, half of it is theirs. */
  readonly chunkCacheSizeBytesMax: SizeBytes;
  /** Scan threads, at most. */
  readonly scanThreadCount: number;
  /** Of what they are lent. Absent: a millisecond's work. */
  readonly shareSize?: ShareSize;
}
