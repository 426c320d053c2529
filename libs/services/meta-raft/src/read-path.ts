import { DbError, type DurationMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Clock, Random, Timer } from '@varve/ports';
import type { ConfirmedRead, Raft } from '@varve/raft';

interface Waiting {
  /** Known once a quorum has confirmed the leader. */
  index: number | undefined;
  readonly settle: () => void;
  readonly refuse: (error: DbError) => void;
  readonly timer: Timer;
}

/** Several round trips; who asked asks again then, of this node or another one. */
const CONFIRM_TIMEOUT_MS: DurationMs = 1_000;

/** Linearizable reads at this node, leader or not (M15): a read may be answered once it has applied what was committed when it was asked for. */
export class ReadPath {
  readonly #raft: Raft;
  readonly #clock: Clock;
  readonly #onAsked: () => void;
  /** By the name that Raft knows the read under. */
  readonly #waiting = new Map<number, Waiting>();
  /** Names differ from run to run: an answer that was meant for an earlier one confirms nothing. */
  #lastRead: number;

  constructor({ raft, clock, random, onAsked }: { readonly raft: Raft; readonly clock: Clock; readonly random: Random; readonly onAsked: () => void }) {
    this.#lastRead = random.uint32() * 2 ** 20;
    this.#raft = raft;
    this.#clock = clock;
    this.#onAsked = onAsked;
  }

  /** Resolves when this node's state is at least as new as anything that was acknowledged before the call. @throws DbError META_UNAVAILABLE */
  async linearize(): Promise<void> {
    if (this.#waiting.size >= LIMITS.raftPendingReadCountMax) throw new DbError('META_UNAVAILABLE', 'too many reads wait for a quorum of meta nodes; retry');
    this.#lastRead += 1;
    const read = this.#lastRead;
    const outcome = this.#raft.read(read);
    if (outcome === 'noLeader') throw new DbError('META_UNAVAILABLE', 'the meta group has no leader that this node knows of; retry');
    if (outcome === 'full') throw new DbError('META_UNAVAILABLE', 'too many reads wait for a quorum of meta nodes; retry');
    const settled = new Promise<void>((settle, refuse) => {
      const timer = this.#clock.after(CONFIRM_TIMEOUT_MS, () => this.#refuse(read, 'no quorum of meta nodes has confirmed the read in time; retry'));
      this.#waiting.set(read, { index: undefined, settle, refuse, timer });
    });
    this.#onAsked();
    return settled;
  }

  onConfirmed({ read, index }: ConfirmedRead): void {
    const waiting = this.#waiting.get(read);
    if (waiting === undefined) return;
    waiting.index = index;
    this.onApplied();
  }

  onApplied(): void {
    for (const [read, { index, settle, timer }] of this.#waiting) {
      if (index === undefined || index > this.#raft.appliedIndex) continue;
      this.#waiting.delete(read);
      timer.cancel();
      settle();
    }
  }

  /** This node ends. */
  stop(): void {
    for (const read of [...this.#waiting.keys()]) this.#refuse(read, 'this meta node is stopping; retry');
  }

  #refuse(read: number, text: string): void {
    const waiting = this.#waiting.get(read);
    this.#waiting.delete(read);
    waiting?.timer.cancel();
    waiting?.refuse(new DbError('META_UNAVAILABLE', text));
  }
}
