import { assert, DbError } from '@varve/base';
import type { NodeId, ShardId, WriteLevel } from '@varve/model';
import type { TraceParent } from '@varve/ports';
import { hintCounts, requiredAcks, verdictOf, type Verdict } from '@varve/replication';

/** One frame and where it has to go. */
export interface Parcel {
  readonly shard: ShardId;
  readonly epoch: number;
  readonly owners: readonly NodeId[];
  /** N: what the level counts over (W10). */
  readonly replicaCount: number;
  readonly incarnation: number;
  readonly number: number;
  readonly frame: Uint8Array;
}

/** How one owner stands. `held` is an end; an ack may still come for any other. */
type OwnerState = 'pending' | 'refused' | 'silent' | 'held';

/**
 * One frame on its way, and what is known of each of its owners. The client is answered when the level is met or cannot
 * be; the delivery is over when every owner has the frame or a durable hint for it (W5).
 */
export class Delivery {
  readonly parcel: Parcel;
  /** Of the span that lasts as long as this. */
  readonly traceParent: TraceParent | undefined;
  /** Resolves at the level. @throws DbError WRITE_QUORUM_LOST, WRITE_TIMEOUT */
  readonly settled: Promise<void>;
  readonly #level: WriteLevel;
  readonly #isPatient: boolean;
  readonly #onOver: () => void;
  readonly #states: Map<NodeId, OwnerState>;
  readonly #reasons = new Map<NodeId, string>();
  /** Owners for which a hint is on a repair node's disk. */
  readonly #hinted = new Set<NodeId>();
  #isHintDue = false;
  #isExpired = false;
  #isOver = false;
  #isSettled = false;
  #resolve: () => void = () => undefined;
  #reject: (error: DbError) => void = () => undefined;

  constructor(parcel: Parcel, { level, isPatient = false, traceParent }: { readonly level: WriteLevel; readonly isPatient?: boolean | undefined; readonly traceParent: TraceParent | undefined }, onOver: () => void) {
    assert(parcel.owners.length >= 1, `shard ${parcel.shard} without owners`);
    this.parcel = parcel;
    this.traceParent = traceParent;
    this.#level = level;
    this.#isPatient = isPatient;
    this.#onOver = onOver;
    this.#states = new Map(parcel.owners.map((owner) => [owner, 'pending']));
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The client has been answered. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The client has waited for as long as it may. */
  get isExpired(): boolean {
    return this.#isExpired;
  }

  /** Some owner has it on its disk, and others can have it from there. */
  get isAtOwner(): boolean {
    return this.#count('held') > 0;
  }

  /** An owner or, durably, a repair node has the frame: its number is ended (W11). */
  get isHeld(): boolean {
    return this.#count('held') + this.#hinted.size > 0;
  }

  /** This owner is not known to have it. */
  lacks(owner: NodeId): boolean {
    return this.#states.has(owner) && this.#states.get(owner) !== 'held';
  }

  /** Owners that need a hint and have none: who is silent or has refused, and once hints are due all that do not hold the frame. */
  hintsOwed(): readonly NodeId[] {
    return this.#owing().filter((owner) => this.#isHintDue || this.#states.get(owner) !== 'pending');
  }

  /** The frame is on this owner's disk. */
  onAck(owner: NodeId): void {
    if (this.#states.has(owner)) this.#change(owner, 'held');
  }

  onRefused(owner: NodeId, reason: string): void {
    if (!this.#states.has(owner) || this.#states.get(owner) === 'held') return;
    this.#reasons.set(owner, reason);
    if (this.#states.get(owner) === 'pending') this.#change(owner, 'refused');
  }

  /** Nobody expects an answer of this owner; one that comes counts all the same. */
  onSilent(owner: NodeId): void {
    if (this.#states.get(owner) !== 'pending') return;
    this.#reasons.set(owner, 'it is silent');
    this.#change(owner, 'silent');
  }

  /** Owners had time to answer. One that is slow may still do so, and counts then. */
  onHintDue(): void {
    this.#isHintDue = true;
  }

  /** A hint for each of these owners is on a repair node's disk. */
  onHinted(owners: readonly NodeId[]): void {
    for (const owner of owners) this.#hinted.add(owner);
    this.#settle();
  }

  /** The client has waited long enough. */
  expire(timeoutMs: number): void {
    this.#isExpired = true;
    if (this.#isPatient && this.#verdict() === 'satisfied') this.#answer(this.#resolve);
    this.#answer(() => this.#reject(new DbError('WRITE_TIMEOUT', `write timeout: ${this.#reached()} within ${timeoutMs} ms; retry`, this.#facts())));
    if (this.#owing().length === 0) this.end();
  }

  /** No more is done for this frame. */
  end(): void {
    if (this.#isOver) return;
    this.#answer(() => this.#reject(this.#lost()));
    this.#isOver = true;
    this.#onOver();
  }

  #change(owner: NodeId, state: OwnerState): void {
    this.#states.set(owner, state);
    this.#settle();
  }

  #verdict(): Verdict {
    const { replicaCount, owners } = this.parcel;
    const countsHints = hintCounts(this.#level);
    const ackCount = countsHints ? owners.length - this.#owing().length : this.#count('held');
    const openCount = countsHints ? owners.length - ackCount : this.#count('pending');
    const requiredCount = requiredAcks(this.#level, replicaCount);
    return verdictOf({ replicaCount, requiredCount, ackCount, failureCount: replicaCount - ackCount - openCount });
  }

  #settle(): void {
    const verdict = this.#verdict();
    if (verdict === 'satisfied' && !(this.#isPatient && this.#count('pending') > 0)) this.#answer(this.#resolve);
    // Who is still expected to answer is waited for, so that the error says how many were really reached.
    if (verdict === 'unsatisfiable' && this.#count('pending') === 0) this.#answer(() => this.#reject(this.#lost()));
    // Hints for all are enough for the frame, not for a client who waits for slow owners.
    if (this.#owing().length === 0 && (this.#isSettled || this.#count('pending') === 0)) this.end();
  }

  /** Owners that have neither the frame nor a hint for it. */
  #owing(): readonly NodeId[] {
    return this.parcel.owners.filter((owner) => this.#states.get(owner) !== 'held' && !this.#hinted.has(owner));
  }

  #answer(settle: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    settle();
  }

  #count(state: OwnerState): number {
    let count = 0;
    for (const each of this.#states.values()) if (each === state) count += 1;
    return count;
  }

  #lost(): DbError {
    const reasons = [...this.#reasons].map(([owner, reason]) => `node ${owner}: ${reason}`).join('; ');
    return new DbError('WRITE_QUORUM_LOST', `write not accepted: ${this.#reached()}${reasons === '' ? '' : ` (${reasons})`}; retry`, this.#facts());
  }

  #reached(): string {
    const { shard, replicaCount, owners } = this.parcel;
    const needed = requiredAcks(this.#level, replicaCount);
    const placed = owners.length < replicaCount ? `, which is placed on ${owners.length} of ${replicaCount} nodes` : '';
    return `${this.#count('held')} of ${needed} needed owners of shard ${shard} hold it${placed}`;
  }

  #facts(): Record<string, unknown> {
    return { shard: this.parcel.shard, owners: Object.fromEntries(this.#states), hinted: [...this.#hinted] };
  }
}
