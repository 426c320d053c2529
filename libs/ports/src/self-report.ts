import type { SizeBytes, WallMs } from '@varve/base';
import type { MetricLabels } from './metrics.ts';

/** What was counted or measured for one set of labels. */
export interface Figure {
  readonly labels: MetricLabels;
  /** Of a histogram the sum of its observations, in the metric's unit. */
  readonly value: number;
  /** Of a histogram: how many there were. */
  readonly count: number | undefined;
}

/** What stays as it is while a process runs. */
export interface ProcessFacts {
  readonly version: string;
  readonly hostName: string;
  readonly pid: number;
  readonly startedMs: WallMs;
  /** Of the program that runs it, and of the machine, as Node names them. */
  readonly runtimeVersion: string;
  readonly platform: string;
  readonly architecture: string;
  readonly cpuCount: number;
  /** Where it answers HTTP. */
  readonly httpAddress: string;
}

/** What is in use at the moment. */
export interface MemoryFacts {
  readonly heapUsedBytes: SizeBytes;
  readonly heapTotalBytes: SizeBytes;
  readonly residentBytes: SizeBytes;
}

/** What a process can say of itself: SHOW STATS and SHOW DIAGNOSTICS are made of it. */
export interface SelfReport {
  readonly process: ProcessFacts;
  memory(): MemoryFacts;
  /** Under a name of the telemetry catalogue, one per set of labels; none where nothing was counted yet. */
  figures(name: string): Promise<readonly Figure[]>;
}
