import type { Entry, RaftMessage, Ready } from '@varve/raft';
import type { DiskRecord, StoredSnapshot } from '../raft-disk.ts';
import type { RaftPeer } from '../raft-peer.ts';
import type { RaftSettings } from '../raft-settings.ts';
import type { SessionAnswer } from '../session-machine.ts';
import { committedPrefixes } from './i01-committed-prefixes.ts';
import { oneLeader } from './i02-one-leader.ts';
import { leaderHasItsTerm } from './i03-leader-has-its-term.ts';
import { logMatching } from './i04-log-matching.ts';
import { quorumsHoldCommits } from './i05-quorums-hold-commits.ts';
import { newerLogsHoldCommits } from './i06-newer-logs-hold-commits.ts';
import { leaderCompleteness } from './i07-leader-completeness.ts';
import { commitsAreDurable } from './i08-commits-are-durable.ts';
import { stateMachineSafety } from './i09-state-machine-safety.ts';
import { leaderAppendOnly } from './i10-leader-append-only.ts';
import { nothingGoesBack } from './i11-nothing-goes-back.ts';
import { oneVote } from './i12-one-vote.ts';
import { oneChange } from './i13-one-change.ts';
import { ackedOnce } from './i14-acked-once.ts';
import { linearizableReads } from './i15-linearizable-reads.ts';
import { bounds } from './i16-bounds.ts';
import type { Ack, Fail, RaftCheck } from './raft-check.ts';
import { RaftGhost } from './raft-ghost.ts';
import { ownTermCommits } from './s04-own-term-commits.ts';
import { promisesAreDurable } from './s10-promises-are-durable.ts';
import { cutsContradict } from './s11-cuts-contradict.ts';
import { keepsToItsLeader } from './s12-keeps-to-its-leader.ts';
import { givesUp } from './s13-gives-up.ts';
import { membershipOfItsLog } from './s15-membership-of-its-log.ts';
import { transferTarget } from './s19-transfer-target.ts';

/**
 * Every invariant that is looked at after every step, by its number. I17, that it comes to life again, is the run's to see.
 * The S are those of libs/core/raft that the others do not imply.
 */
const CHECKS: Readonly<Record<string, (fail: Fail, ghost: RaftGhost, settings: RaftSettings) => RaftCheck>> = {
  I1: committedPrefixes,
  I2: oneLeader,
  I3: leaderHasItsTerm,
  I4: logMatching,
  I5: quorumsHoldCommits,
  I6: newerLogsHoldCommits,
  I7: leaderCompleteness,
  I8: commitsAreDurable,
  I9: stateMachineSafety,
  I10: leaderAppendOnly,
  I11: nothingGoesBack,
  I12: oneVote,
  I13: oneChange,
  I14: ackedOnce,
  I15: linearizableReads,
  I16: (fail, _ghost, settings) => bounds(fail, settings),
  S4: ownTermCommits,
  S10: promisesAreDurable,
  S11: cutsContradict,
  S12: (fail, _ghost, settings) => keepsToItsLeader(fail, settings),
  S13: (fail, _ghost, settings) => givesUp(fail, settings),
  S15: membershipOfItsLog,
  S19: transferTarget,
};

/** Tells all checks what happens, and keeps what they find. */
export class RaftWatch {
  /** Each begins with the number of its invariant. */
  readonly problems: string[] = [];
  readonly ghost = new RaftGhost();
  readonly #checks: readonly RaftCheck[];
  /** Those that look at what happens most. */
  readonly #stepChecks: readonly RaftCheck[];
  readonly #sendChecks: readonly RaftCheck[];
  readonly #deliverChecks: readonly RaftCheck[];
  readonly #tickChecks: readonly RaftCheck[];

  constructor(settings: RaftSettings) {
    this.#checks = Object.entries(CHECKS).map(([name, check]) => check(this.fail.bind(this, name), this.ghost, settings));
    this.#stepChecks = this.#checks.filter(({ onStep }) => onStep !== undefined);
    this.#sendChecks = this.#checks.filter(({ onSend }) => onSend !== undefined);
    this.#deliverChecks = this.#checks.filter(({ onDeliver }) => onDeliver !== undefined);
    this.#tickChecks = this.#checks.filter(({ onTick }) => onTick !== undefined);
  }

  fail(invariant: string, peerId: number, what: string): void {
    this.problems.push(`${invariant}: ${peerId === 0 ? '' : `peer ${peerId} `}${what}`);
  }

  onStart(peer: RaftPeer): void {
    this.ghost.onStart(peer);
    for (const check of this.#checks) check.onStart?.(peer);
  }

  /** After anything that may have changed a peer. */
  onStep(peer: RaftPeer): void {
    const step = this.ghost.onStep(peer);
    if (step !== undefined) for (const check of this.#stepChecks) check.onStep!(step);
  }

  onReady(peer: RaftPeer, ready: Ready): void {
    for (const check of this.#checks) check.onReady?.(peer, ready);
  }

  onDurable(peer: RaftPeer, records: readonly DiskRecord[]): void {
    for (const check of this.#checks) check.onDurable?.(peer, records);
  }

  onDiskLoss(peer: RaftPeer): void {
    for (const check of this.#checks) check.onDiskLoss?.(peer);
  }

  onSend(peer: RaftPeer, message: RaftMessage): void {
    for (const check of this.#sendChecks) check.onSend!(peer, message);
  }

  onDeliver(peer: RaftPeer, message: RaftMessage): void {
    for (const check of this.#deliverChecks) check.onDeliver!(peer, message);
  }

  onTick(peer: RaftPeer): void {
    for (const check of this.#tickChecks) check.onTick!(peer);
  }

  onApply(peer: RaftPeer, entry: Entry, answer: SessionAnswer | undefined): void {
    for (const check of this.#checks) check.onApply?.(peer, entry, answer);
  }

  onInstall(peer: RaftPeer, snapshot: StoredSnapshot): void {
    for (const check of this.#checks) check.onInstall?.(peer, snapshot);
  }

  onAck(ack: Ack): void {
    for (const check of this.#checks) check.onAck?.(ack);
  }

  onReadBegins(peer: RaftPeer, id: number): void {
    for (const check of this.#checks) check.onReadBegins?.(peer, id);
  }

  onRead(peer: RaftPeer, id: number): void {
    for (const check of this.#checks) check.onRead?.(peer, id);
  }
}
