import { LIMITS } from '@varve/config';
import type { WallMs } from '@varve/base';
import type { SelfReport } from '@varve/ports';
import { formatCoarseDuration, type ModuleReport } from '@varve/query';
import type { CoordinatorConfig } from './ports.ts';

/** What SHOW DIAGNOSTICS says of this coordinator's process and settings: the modules and columns of InfluxDB, as far as they mean something here. */
export function diagnosticsOf(selfReport: SelfReport | undefined, config: CoordinatorConfig, nowMs: WallMs): readonly ModuleReport[] {
  const process = selfReport?.process;
  const settings: ModuleReport[] = [
    {
      module: 'config-coordinator',
      values: {
        'log-queries-after': formatCoarseDuration(config.slowQueryMs),
        'max-concurrent-queries': config.concurrentQueryCountMax,
        'max-select-buckets': config.selectBucketCountMax,
        'max-select-point': config.selectPointCountMax,
        'max-select-series': config.selectSeriesCountMax,
        'query-timeout': formatCoarseDuration(config.queryTimeoutMs),
        'write-timeout': formatCoarseDuration(config.writeTimeoutMs),
      },
    },
    { module: 'config-data', values: { 'max-series-per-database': config.seriesCountMax } },
    { module: 'config-hinted-handoff', values: { 'hint-timeout': formatCoarseDuration(LIMITS.hintTimeoutMs) } },
  ];
  const network: ModuleReport = { module: 'network', values: { clusterId: config.clusterId, hostname: process?.hostName ?? '', node: config.nodeName } };
  if (process === undefined) return [...settings, network];
  return [
    { module: 'build', values: { Branch: 'unknown', 'Build Time': '', Commit: 'unknown', Version: process.version } },
    ...settings,
    { module: 'config-httpd', values: { 'bind-address': process.httpAddress } },
    network,
    { module: 'runtime', values: { GOARCH: process.architecture, GOMAXPROCS: process.cpuCount, GOOS: process.platform, version: process.runtimeVersion } },
    {
      module: 'system',
      values: { PID: process.pid, currentTime: textOf(nowMs), started: textOf(process.startedMs), uptime: formatCoarseDuration(nowMs - process.startedMs) },
    },
  ];
}

function textOf(timeMs: WallMs): string {
  return new Date(timeMs).toISOString();
}
