import { assert } from '@varve/base';
import { ENTRY_KINDS, RaftLog, type Entry } from './raft-log.ts';

/** What a peer must never forget. */
export interface HardState {
  readonly term: number;
  /** Whom this peer voted for in the term; 0 is nobody. */
  readonly votedFor: number;
  /** May lag on disk, never lead: it travels with whatever is persisted next. */
  readonly commitIndex: number;
}

/** What a peer finds on its disk when it starts. */
export interface StoredState {
  readonly hardState: HardState;
  /** Contiguous, ascending; the first follows `compactedIndex`. */
  readonly entries: readonly Entry[];
  readonly compactedIndex: number;
  readonly compactedTerm: number;
}

/** What the core asks its caller to do, in this order. Read-only. */
export interface Ready {
  /** 1. Persist first. `undefined`: term and vote are unchanged. */
  readonly hardState: HardState | undefined;
  /** 1. Persist first, in the same transaction. Contiguous; they replace any stored suffix from the first one on. */
  readonly entries: readonly Entry[];
  /** 2. Apply in index order. Invariant: each is durable on a quorum; none waits for (1) of the same Ready. */
  readonly committed: readonly Entry[];
}

/** Where a proposal stands in the log. It is committed exactly if the entry applied at `index` has this `term`. */
export type ProposalOutcome =
  { readonly kind: 'accepted'; readonly index: number; readonly term: number } | { readonly kind: 'notLeader' };

/** What a peer is at the moment. */
export type Role = 'follower' | 'candidate' | 'leader';

/**
 * Raft as a pure state machine: it decides, its caller does the I/O.
 *
 *   campaign, propose ─▶ Raft ─▶ takeReady ─▶ persist ─▶ apply ─▶ advance ─▶ takeReady …
 *
 * One Ready is out at a time; what is proposed meanwhile waits for the next one, so that one persist serves many
 * proposals. This is a group of a single voter: its own durable vote elects it, its own durable entries are a quorum.
 * Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", fig. 2; docs/specs/raft.md.
 */
export class Raft {
  readonly id: number;
  readonly #log: RaftLog;
  #role: Role = 'follower';
  #term: number;
  #votedFor: number;
  #commitIndex: number;
  #appliedIndex: number;
  /** Entries at or below it are on this peer's disk. */
  #durableIndex: number;
  /** As it is on this peer's disk. */
  #durableState: HardState;
  #outstanding: Ready | undefined;

  /** `appliedIndex` is the snapshot's: entries above it are applied again. */
  constructor(id: number, stored: StoredState, appliedIndex: number) {
    const { hardState } = stored;
    assert(id >= 1, `peer id ${id} below 1`);
    this.id = id;
    this.#log = new RaftLog(stored);
    assert(hardState.term >= this.#log.lastTerm, `stored term ${hardState.term} below the log's ${this.#log.lastTerm}`);
    assert(
      hardState.commitIndex <= this.#log.lastIndex,
      `committed ${hardState.commitIndex} of ${this.#log.lastIndex} entries`,
    );
    assert(
      stored.compactedIndex <= appliedIndex && appliedIndex <= this.#log.lastIndex,
      `applied ${appliedIndex} of ${stored.compactedIndex}..${this.#log.lastIndex}`,
    );
    this.#term = hardState.term;
    this.#votedFor = hardState.votedFor;
    this.#commitIndex = Math.max(hardState.commitIndex, appliedIndex);
    this.#appliedIndex = appliedIndex;
    this.#durableIndex = this.#log.lastIndex;
    this.#durableState = hardState;
  }

  get role(): Role {
    return this.#role;
  }

  get term(): number {
    return this.#term;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get lastIndex(): number {
    return this.#log.lastIndex;
  }

  get compactedIndex(): number {
    return this.#log.compactedIndex;
  }

  /** Of the entry applied last. */
  get appliedTerm(): number {
    return this.#log.termAt(this.#appliedIndex);
  }

  /** Stands for election in a new term. It leads once its vote for itself is durable. */
  campaign(): void {
    assert(this.#role === 'follower', `a ${this.#role} does not campaign`);
    this.#role = 'candidate';
    this.#term += 1;
    this.#votedFor = this.id;
  }

  /** Appends a command, when this peer leads. */
  propose(payload: Uint8Array): ProposalOutcome {
    if (this.#role !== 'leader') return { kind: 'notLeader' };
    const entry = this.#append(ENTRY_KINDS.command, payload);
    return { kind: 'accepted', index: entry.index, term: entry.term };
  }

  hasReady(): boolean {
    return this.#commitIndex > this.#appliedIndex || this.#log.lastIndex > this.#durableIndex || this.#hasNewVote();
  }

  /** What is to be done next; undefined: nothing. The one before it must have been advanced. */
  takeReady(): Ready | undefined {
    assert(this.#outstanding === undefined, 'a Ready is taken before the last one was advanced');
    if (!this.hasReady()) return undefined;
    this.#outstanding = this.#commitIndex > this.#appliedIndex ? this.#readyToApply() : this.#readyToPersist();
    return this.#outstanding;
  }

  /** The Ready was done: what it held is durable and applied. */
  advance(ready: Ready): void {
    assert(ready === this.#outstanding, 'another Ready is advanced than was taken');
    this.#outstanding = undefined;
    this.#appliedIndex = ready.committed.at(-1)?.index ?? this.#appliedIndex;
    this.#durableIndex = ready.entries.at(-1)?.index ?? this.#durableIndex;
    this.#durableState = ready.hardState ?? this.#durableState;
    if (this.#role === 'candidate' && !this.#hasNewVote()) this.#lead();
    else if (this.#role === 'leader') this.#commit();
  }

  /** Lets go of applied entries that a durable snapshot has replaced. */
  compact(throughIndex: number): void {
    assert(throughIndex <= this.#appliedIndex, `compact through ${throughIndex}, applied ${this.#appliedIndex}`);
    this.#log.compact(throughIndex);
  }

  /** Entries of earlier terms are committed with the first one of this term, never by themselves (fig. 8). */
  #lead(): void {
    this.#role = 'leader';
    this.#append(ENTRY_KINDS.noOp, NO_PAYLOAD);
  }

  #commit(): void {
    assert(
      this.#log.termAt(this.#durableIndex) === this.#term,
      `a leader of term ${this.#term} commits an entry of another`,
    );
    this.#commitIndex = this.#durableIndex;
  }

  #append(kind: number, payload: Uint8Array): Entry {
    const entry = { index: this.#log.lastIndex + 1, term: this.#term, kind, payload };
    this.#log.append(entry);
    return entry;
  }

  #readyToApply(): Ready {
    return { hardState: undefined, entries: [], committed: this.#log.between(this.#appliedIndex, this.#commitIndex) };
  }

  #readyToPersist(): Ready {
    const hardState = { term: this.#term, votedFor: this.#votedFor, commitIndex: this.#commitIndex };
    const isUnchanged = !this.#hasNewVote() && hardState.commitIndex === this.#durableState.commitIndex;
    const entries = this.#log.between(this.#durableIndex, this.#log.lastIndex);
    return { hardState: isUnchanged ? undefined : hardState, entries, committed: [] };
  }

  #hasNewVote(): boolean {
    return this.#term !== this.#durableState.term || this.#votedFor !== this.#durableState.votedFor;
  }
}

const NO_PAYLOAD = new Uint8Array(0);
