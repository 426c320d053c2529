import { setTimeout as sleep } from 'node:timers/promises';
import { startProgress } from '../progress.ts';
import { ProposalLoad } from './proposal-load.ts';
import { quantilesOf, type Quantiles } from '../quantiles.ts';
import { openGroup, until, type RunningGroup } from './running-group.ts';

const VOTER_COUNT = 3;
/** Load before and after. */
const SETTLE_MS = 400;
const LOOK_EVERY_MS = 2;

/** What clients noticed of leaders that were killed. */
export interface KillFigures {
  /** From the kill to the first accepted proposal of those that began after it. */
  readonly acceptedMs: Quantiles;
  /** How long the slowest took that was under way at the kill. */
  readonly underWayMs: Quantiles;
  readonly failedCount: number;
}

/** What clients noticed of leaders that handed over. */
export interface TransferFigures {
  /** The longest time without an accepted proposal. */
  readonly gapMs: Quantiles;
  /** The same where nothing happened: what the load itself is good for. */
  readonly quietGapMs: Quantiles;
  readonly failedCount: number;
}

/** kill -9 of the leader, again and again, under load. The killed one is back before the next is killed. */
export async function measureKills(killCount: number, { label, flags }: { readonly label: string; readonly flags: readonly string[] }): Promise<KillFigures> {
  return withLoad(flags, async (group, load) => {
    const progress = startProgress({ label, total: killCount, unit: 'kills' });
    const [accepted, underWay]: [number[], number[]] = [[], []];
    let failedCount = 0;
    for (let count = 1; count <= killCount; count += 1) {
      await sleep(SETTLE_MS);
      const victim = group.leader()!;
      const readyCount = group.readyCountOf(victim);
      await group.kill(victim);
      const killedMs = performance.now();
      accepted.push(await firstAccepted(load, killedMs));
      await until(group, `${victim} is back`, () => group.readyCountOf(victim) > readyCount && group.leader() !== undefined);
      await load.stop();
      underWay.push(load.slowestUnderWayAt(killedMs));
      failedCount += load.failedCountAfter(killedMs);
      load.forget();
      load.start();
      progress.at(count);
    }
    progress.end();
    return { acceptedMs: quantilesOf(accepted), underWayMs: quantilesOf(underWay), failedCount };
  });
}

/** The leader hands over, again and again, under load. */
export async function measureTransfers(transferCount: number): Promise<TransferFigures> {
  return withLoad([], async (group, load) => {
    const progress = startProgress({ label: 'planned transfers', total: transferCount, unit: 'transfers' });
    const [gaps, quietGaps]: [number[], number[]] = [[], []];
    let failedCount = 0;
    for (let count = 1; count <= transferCount; count += 1) {
      const quietMs = performance.now();
      await sleep(SETTLE_MS);
      quietGaps.push(load.longestGapAfter(quietMs));
      const beganMs = performance.now();
      await group.transfer();
      await sleep(SETTLE_MS);
      gaps.push(load.longestGapAfter(beganMs));
      failedCount += load.failedCountAfter(beganMs);
      load.forget();
      progress.at(count);
    }
    progress.end();
    return { gapMs: quantilesOf(gaps), quietGapMs: quantilesOf(quietGaps), failedCount };
  });
}

async function withLoad<Figures>(flags: readonly string[], measure: (group: RunningGroup, load: ProposalLoad) => Promise<Figures>): Promise<Figures> {
  const group = await openGroup(VOTER_COUNT, { flags });
  const load = new ProposalLoad(group);
  load.start();
  try {
    return await measure(group, load);
  } finally {
    await load.stop();
    await group.close();
  }
}

async function firstAccepted(load: ProposalLoad, sinceMs: number): Promise<number> {
  for (;;) {
    const acceptedMs = load.firstAcceptedAfter(sinceMs);
    if (acceptedMs !== undefined) return acceptedMs;
    await sleep(LOOK_EVERY_MS);
  }
}
