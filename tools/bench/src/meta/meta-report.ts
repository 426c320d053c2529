import type { BigCatalogFigures } from './big-catalog.ts';
import type { KillFigures, TransferFigures } from './failover.ts';
import type { RestartFigure } from './follower-restart.ts';
import type { MetaFigures } from './measure-meta.ts';
import type { Quantiles } from '../quantiles.ts';
import type { ThroughputFigure } from './throughput.ts';

const MIB = 2 ** 20;

/** Tables for people; what a figure is meant to stay above or below stands beside it. */
export function metaReportOf({ throughput, transfers, kills, lanKills, restarts, bigCatalog }: MetaFigures): string {
  return [
    '64 clients, each proposes again when it has its answer; committed, on disk and applied',
    '  voters  proposals/s  p50 ms  p99 ms   processor µs per proposal: leader  follower  nats  clients  all',
    ...throughput.map(throughputLine),
    `  3 voters : 1 voter  ${ratioOf(throughput, 3)}, 5 voters : 1 voter  ${ratioOf(throughput, 5)}  (3 voters: 2,000/s or more)`,
    '',
    'a proposal every 5 ms; ms from kill -9 of the leader to the first accepted one that began behind it',
    `  default timers   ${killText(kills)}  (p99: 3,000 or less)`,
    `  50/300 ms        ${killText(lanKills)}  (p99: 800 or less)`,
    '',
    'the leader hands over; the longest time without an accepted proposal, ms',
    `  ${transferText(transfers)}  (150 or less, none failed)`,
    '',
    ...restartLines(restarts),
    '',
    ...bigCatalogLines(bigCatalog),
    '',
  ].join('\n');
}

function throughputLine({ voterCount, perSecond, latencyMs, cpuMs: { leader, follower, nats, clients } }: ThroughputFigure): string {
  const all = leader + (voterCount - 1) * follower + nats + clients;
  const us = (ms: number, width: number): string => (ms * 1_000).toFixed(0).padStart(width);
  const measured = [String(voterCount).padStart(8), Math.round(perSecond).toLocaleString('en').padStart(13), ms(latencyMs.p50, 8), ms(latencyMs.p99, 8)].join('');
  return `${measured}${us(leader, 38)}${us(follower, 10)}${us(nats, 6)}${us(clients, 9)}${us(all, 5)}`;
}

function ratioOf(throughput: readonly ThroughputFigure[], voterCount: number): string {
  const of = (count: number): number => throughput.find((each) => each.voterCount === count)?.perSecond ?? NaN;
  return (of(voterCount) / of(1)).toFixed(2);
}

function killText({ acceptedMs, underWayMs, failedCount }: KillFigures): string {
  return `${quantileText(acceptedMs)}, ${failedCount} failed; of those under way at the kill the slowest ${quantileText(underWayMs)}`;
}

function transferText({ gapMs, quietGapMs, failedCount }: TransferFigures): string {
  return `${quantileText(gapMs)}, ${failedCount} failed; without a transfer ${quantileText(quietGapMs)}`;
}

function quantileText({ count, p50, p99, max }: Quantiles): string {
  return `p50 ${ms(p50)}  p99 ${ms(p99)}  max ${ms(max)} of ${count}`;
}

function restartLines(restarts: readonly RestartFigure[]): readonly string[] {
  return [
    `a follower that starts again with ${restarts[0]?.entryCount.toLocaleString('en') ?? 'no'} entries in its log, ms  (1,000 or less)`,
    ...restarts.map(
      ({ loadedMs, readyMs, caughtUpMs, cpuMs }) =>
        `  ${ms(caughtUpMs)} to applied all: program loaded after ${ms(loadedMs)}, from there to applied all ${ms(caughtUpMs - loadedMs)}, takes part after ${ms(readyMs)}; processor ${ms(cpuMs)}`,
    ),
  ];
}

function bigCatalogLines(figures: BigCatalogFigures): readonly string[] {
  const { databaseCount, groupCount, buildMs, snapshotMs, stallMs, wholeBytes, bytesPerChange, spreadMs, followerCount, memoryBuilt, memoryAtRest } = figures;
  return [
    `a catalog of ${databaseCount.toLocaleString('en')} databases with ${groupCount.toLocaleString('en')} shard groups, made in ${(buildMs / 1_000).toFixed(1)} s`,
    `  snapshot ${ms(snapshotMs)} ms (1,000 or less), the event loop is held for ${ms(stallMs)} ms at most`,
    `  a change to one of ${followerCount} followers ${Math.round(bytesPerChange)} bytes, the whole catalog ${(wholeBytes / MIB).toFixed(1)} MiB: 1 : ${Math.round(wholeBytes / bytesPerChange).toLocaleString('en')}`,
    `  from the answer to a proposal to when all ${followerCount} have it: ${quantileText(spreadMs)}`,
    `  resident MiB (highest), just made: ${memoryText(memoryBuilt)}`,
    `  resident MiB (highest), at rest: ${memoryText(memoryAtRest)}  (200 or less)`,
  ];
}

function memoryText(memory: BigCatalogFigures['memoryAtRest']): string {
  return [...memory].map(([name, { residentBytes, peakBytes }]) => `${name} ${mib(residentBytes)} (${mib(peakBytes)})`).join(', ');
}

function ms(value: number, width = 0): string {
  return value.toFixed(value < 10 ? 1 : 0).padStart(width);
}

function mib(sizeBytes: number): string {
  return (sizeBytes / MIB).toFixed(0);
}
