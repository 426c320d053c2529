import type { ClusterFigures } from './measure-cluster.ts';
import type { KillFigure } from './steady-load.ts';

const MIB = 2 ** 20;

/** Tables for people. */
export function clusterReportOf({ rowsPerSecond, memory, kills, drain }: ClusterFigures): string {
  return [
    'rows/s, N = 3, synced at each owner before it acks',
    ...[...rowsPerSecond].map(([level, rate]) => `  ${level.padEnd(14)}${Math.round(rate).toLocaleString('en').padStart(10)}`),
    '',
    'memory behind the last ack, MiB resident (highest)',
    ...[...memory].map(([name, { residentBytes, peakBytes }]) => `  ${name.padEnd(14)}${mib(residentBytes)}  (${mib(peakBytes).trim()})`),
    '',
    'kill -9 under load at quorum, a client goes to the other coordinator',
    ...kills.map((each) => `  ${each.victim.padEnd(14)}${killText(each)}`),
    '',
    `hints: ${drain.hintCount} frames, ${(drain.sizeBytes / MIB).toFixed(1)} MiB delivered in ${(drain.elapsedMs / 1_000).toFixed(2)} s` +
      ` from when their owner was back: ${Math.round((drain.hintCount / drain.elapsedMs) * 1_000)} frames/s, ${(drain.sizeBytes / MIB / (drain.elapsedMs / 1_000)).toFixed(1)} MiB/s`,
    '',
  ].join('\n');
}

function killText({ requestCount, failedCount, firstFailedMs, lastFailedMs, slowestMs }: KillFigure): string {
  const failures = firstFailedMs === undefined ? 'none failed' : `${failedCount} failed, the first after ${Math.round(firstFailedMs)} ms, the last after ${Math.round(lastFailedMs!)} ms`;
  return `${failures} of ${requestCount} requests; the slowest took ${Math.round(slowestMs)} ms`;
}

function mib(sizeBytes: number): string {
  return (sizeBytes / MIB).toFixed(0).padStart(6);
}
