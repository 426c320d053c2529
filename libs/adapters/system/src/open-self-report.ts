import { availableParallelism, hostname } from 'node:os';
import type { WallMs } from '@varve/base';
import type { SelfReport } from '@varve/ports';
import type { PrometheusMetrics } from './open-metrics.ts';

/** What this process says of itself. */
export function openSelfReport(metrics: PrometheusMetrics, { version, httpAddress }: { readonly version: string; readonly httpAddress: string }): SelfReport {
  return {
    process: {
      version,
      httpAddress,
      hostName: hostname(),
      pid: process.pid,
      startedMs: Math.round(performance.timeOrigin) as WallMs,
      runtimeVersion: process.version,
      platform: process.platform,
      architecture: process.arch,
      cpuCount: availableParallelism(),
    },
    memory: () => {
      const { heapUsed, heapTotal, rss } = process.memoryUsage();
      return { heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, residentBytes: rss };
    },
    figures: (name) => metrics.figures(name),
  };
}
