/** Everything that may be done to a group. Over many seeds each must happen, or the simulation is not what it says it is. */
export const RAFT_FAULTS = [
  'crashBeforeWrite',
  'crashBeforeSync',
  'crashBeforeSend',
  'crashAfterSend',
  'crashBetween',
  'powerLoss',
  'writeDropped',
  'writeTorn',
  'writeKept',
  'writesLost',
  'bitFlip',
  'diskWiped',
  'diskSlow',
  'syncError',
  'pause',
  'clockForward',
  'clockStopped',
  'tickRate',
  'partition',
  'isolation',
  'oneWay',
  'linkCut',
  'bridge',
  'ring',
  'messageLost',
  'messageDuplicated',
  'messageOvertaken',
  'messageLate',
  'messageCutOff',
] as const;

/** Everything that the group is asked for, and comes to. Each must happen as well. */
export const RAFT_EVENTS = [
  'proposed',
  'proposalFull',
  'acked',
  'retried',
  'repeatedCommand',
  'readAtLeader',
  'readAtFollower',
  'snapshot',
  'compaction',
  'install',
  'tornCut',
  'damageFound',
  'damageHealed',
  'addLearner',
  'promote',
  'demote',
  'addVoter',
  'removeVoter',
  'removeLearner',
  'replaceVoter',
  'replaceWiped',
  'changeRefused',
  'changeWithFault',
  'transfer',
  'transferred',
] as const;

export type RaftFault = (typeof RAFT_FAULTS)[number];
export type RaftEvent = (typeof RAFT_EVENTS)[number];
export type RaftCounts = Readonly<Record<RaftFault | RaftEvent, number>>;

/** Counts what happened in a run. */
export class RaftTally {
  readonly counts: Record<RaftFault | RaftEvent, number> = nothing();

  add(what: RaftFault | RaftEvent): void {
    this.counts[what] += 1;
  }
}

/** Of several runs together. */
export function totalOf(runs: Iterable<RaftCounts>): RaftCounts {
  const total = nothing();
  for (const counts of runs) for (const name of NAMES) total[name] += counts[name];
  return total;
}

const NAMES = [...RAFT_FAULTS, ...RAFT_EVENTS];

function nothing(): Record<RaftFault | RaftEvent, number> {
  return Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<RaftFault | RaftEvent, number>;
}
