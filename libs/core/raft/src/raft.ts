import { assert } from '@varve/base';
import { ElectionTimer } from './election-timer.ts';
import { Followers } from './followers.ts';
import type { Append, PreVote, PreVoteReply, RaftMessage, SnapshotOffer, Vote } from './message.ts';
import { electionVerdict } from './quorum.ts';
import { ENTRY_KINDS, RaftLog, type Entry } from './raft-log.ts';
import type { HardState, NeededSnapshot, ProposalOutcome, RaftConfig, Ready, Role, StoredState } from './ready.ts';

/**
 * Raft as a pure state machine: it decides, its caller does the I/O.
 *
 *   step, tick, propose ─▶ Raft ─▶ takeReady ─▶ persist ─▶ send ─▶ apply ─▶ advance ─▶ takeReady …
 *
 * One Ready is out at a time; what comes meanwhile waits for the next one, so that one persist serves many. A Ready holds
 * everything that this peer has changed and every message that speaks of it: whatever a message promises is durable when
 * it leaves. A group of one elects itself with its own durable vote and commits with its own durable entries.
 * Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", fig. 2; Ongaro's thesis, 6.2 and
 * 9.6; docs/specs/raft.md.
 */
export class Raft {
  readonly id: number;
  readonly #config: RaftConfig;
  readonly #others: readonly number[];
  readonly #log: RaftLog;
  #role: Role = 'follower';
  #term: number;
  #votedFor: number;
  /** 0: not known. */
  #leaderId = 0;
  #commitIndex: number;
  #appliedIndex: number;
  /** As it is on this peer's disk. */
  #durableState: HardState;
  #outstanding: Ready | undefined;
  /** Votes, or answers of who would vote, while it asks for them. */
  #votes = new Map<number, boolean>();
  /** While it leads. */
  #followers: Followers | undefined;
  /** Since this peer heard of a leader, or asked for votes; as a leader, since it last knew of a quorum. */
  readonly #electionTimer: ElectionTimer;
  #heartbeatElapsed = 0;
  /** Everything to be sent that is no append. */
  #outbox: RaftMessage[] = [];
  #neededSnapshot: NeededSnapshot | undefined;

  /** `appliedIndex` is the snapshot's: entries above it are applied again. */
  constructor(config: RaftConfig, stored: StoredState, appliedIndex: number) {
    const { hardState } = stored;
    assert(config.voters.includes(config.id) && config.id >= 1, `peer ${config.id} among the voters ${config.voters.join()}`);
    assert(config.heartbeatTickCount < config.electionTickCount, 'several heartbeats fit into an election timeout');
    this.id = config.id;
    this.#config = config;
    this.#others = config.voters.filter((voter) => voter !== config.id);
    this.#log = new RaftLog(stored);
    assert(hardState.term >= this.#log.lastTerm, `stored term ${hardState.term} below the log's ${this.#log.lastTerm}`);
    assert(hardState.commitIndex <= this.#log.lastIndex, `committed ${hardState.commitIndex} of ${this.#log.lastIndex} entries`);
    assert(
      stored.compactedIndex <= appliedIndex && appliedIndex <= this.#log.lastIndex,
      `applied ${appliedIndex} of ${stored.compactedIndex}..${this.#log.lastIndex}`,
    );
    this.#term = hardState.term;
    this.#votedFor = hardState.votedFor;
    this.#commitIndex = Math.max(hardState.commitIndex, appliedIndex);
    this.#appliedIndex = appliedIndex;
    this.#durableState = hardState;
    this.#electionTimer = new ElectionTimer(config);
  }

  get role(): Role {
    return this.#role;
  }

  get term(): number {
    return this.#term;
  }

  /** Who leads the term as far as this peer knows; 0: nobody. */
  get leaderId(): number {
    return this.#leaderId;
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

  /** Of an entry that is there, or of the last one that was compacted. */
  termAt(index: number): number {
    return this.#log.termAt(index);
  }

  /**
   * Asks the others whether they would vote for it, and stands for election in a new term when a quorum would. Alone it
   * does so at once: it leads once its vote for itself is durable.
   */
  campaign(): void {
    assert(this.#role !== 'leader', 'a leader does not campaign');
    this.#role = 'preCandidate';
    this.#leaderId = 0;
    this.#electionTimer.redraw();
    this.#votes = new Map();
    this.#askAll((to) => ({ kind: 'preVote', ...this.#envelope(to), term: this.#term + 1, ...this.#logEnd() }));
    this.#countVote(this.id, true);
  }

  /** Time passes: one call per tick. */
  tick(): void {
    this.#electionTimer.tick();
    if (this.#role === 'leader') this.#tickLeader();
    else if (this.#electionTimer.isOver) this.campaign();
  }

  /** Appends a command, when this peer leads. */
  propose(payload: Uint8Array): ProposalOutcome {
    if (this.#role !== 'leader') return { kind: 'notLeader' };
    if (this.#log.sizeBytesAfter(this.#commitIndex) > this.#config.uncommittedSizeBytesMax) return { kind: 'full' };
    const entry = this.#append(ENTRY_KINDS.command, payload);
    return { kind: 'accepted', index: entry.index, term: entry.term };
  }

  /** A message has come. `foreign`: it is not from or not for a peer of this group as this one knows it, and changes nothing. */
  step(message: RaftMessage): 'taken' | 'foreign' {
    if (message.to !== this.id || !this.#others.includes(message.from)) return 'foreign';
    if (message.kind === 'preVote') this.#onPreVote(message);
    else if (message.kind === 'preVoteReply') this.#onPreVoteReply(message);
    else if (message.term < this.#term) this.#onTermPassed(message);
    else if (message.kind !== 'vote' || message.term === this.#term || !this.#hearsLeader()) {
      if (message.term > this.#term) this.#becomeFollower(message.term);
      this.#stepInTerm(message);
    }
    return 'taken';
  }

  hasReady(): boolean {
    return (
      this.#canApply() ||
      this.#canPersist() ||
      this.#outbox.length > 0 ||
      this.#neededSnapshot !== undefined ||
      this.#followers?.hasMessages(this.#commitIndex) === true
    );
  }

  /** What is to be done next; undefined: nothing. The one before it must have been advanced. */
  takeReady(): Ready | undefined {
    assert(this.#outstanding === undefined, 'a Ready is taken before the last one was advanced');
    if (!this.hasReady()) return undefined;
    this.#outstanding = this.#canApply() ? this.#readyToApply() : this.#readyToPersist();
    return this.#outstanding;
  }

  /** The Ready was done: what it held is durable and applied. */
  advance(ready: Ready): void {
    assert(ready === this.#outstanding, 'another Ready is advanced than was taken');
    this.#outstanding = undefined;
    this.#appliedIndex = ready.committed.at(-1)?.index ?? this.#appliedIndex;
    this.#durableState = ready.hardState ?? this.#durableState;
    this.#log.markDurable(ready.entries);
    if (this.#role === 'candidate' && !this.#hasNewVote()) this.#countVote(this.id, true);
    this.#maybeCommit();
  }

  /** Lets go of applied entries that a durable snapshot has replaced. */
  compact(throughIndex: number): void {
    assert(throughIndex <= this.#appliedIndex, `compact through ${throughIndex}, applied ${this.#appliedIndex}`);
    this.#log.compact(throughIndex);
  }

  /**
   * A snapshot through this entry has replaced what was applied here, and it and the log's new beginning are durable.
   * Comes between two Readies. An index that is applied already is not allowed.
   */
  restore({ index, term }: { readonly index: number; readonly term: number }): void {
    assert(this.#outstanding === undefined, 'a snapshot is restored while a Ready is out');
    assert(index > this.#appliedIndex, `a snapshot through ${index}, applied ${this.#appliedIndex}`);
    if (this.#log.matches(index, term)) this.#log.compact(index);
    else this.#log.restart(index, term);
    this.#commitIndex = Math.max(this.#commitIndex, index);
    this.#appliedIndex = index;
    this.#neededSnapshot = undefined;
  }

  #tickLeader(): void {
    this.#heartbeatElapsed += 1;
    if (this.#heartbeatElapsed >= this.#config.heartbeatTickCount) {
      this.#heartbeatElapsed = 0;
      this.#followers!.beat();
    }
    if (!this.#electionTimer.isWithinLease) {
      this.#electionTimer.reset();
      if (!this.#followers!.takeIsQuorumActive()) this.#becomeFollower(this.#term);
    }
  }

  /** The message's term is this peer's. */
  #stepInTerm(message: Exclude<RaftMessage, PreVote | PreVoteReply>): void {
    switch (message.kind) {
      case 'vote':
        return this.#onVote(message);
      case 'voteReply':
        if (this.#role === 'candidate') this.#countVote(message.from, message.isGranted);
        return;
      case 'append':
        this.#hearLeader(message.from);
        return this.#onAppend(message);
      case 'snapshotOffer':
        this.#hearLeader(message.from);
        return this.#onSnapshotOffer(message);
      case 'appendAccepted':
        this.#followers?.onAccepted(message.from, message.matchIndex);
        return this.#maybeCommit();
      case 'appendRejected':
        return this.#followers?.onRejected(message);
      case 'termPassed':
        return;
    }
  }

  /** Who asks learns that its term is over: a leader gives way, and a peer that was away catches up. */
  #onTermPassed({ kind, from }: RaftMessage): void {
    if (kind === 'append' || kind === 'snapshotOffer' || kind === 'vote') {
      this.#send({ kind: 'termPassed', ...this.#envelope(from) });
    }
  }

  /** Promises nothing, so it is no vote and restarts no timer. Who hears a leader does not answer. */
  #onPreVote({ from, term, lastIndex, lastTerm }: PreVote): void {
    if (this.#hearsLeader()) return;
    if (term <= this.#term) return this.#send({ kind: 'termPassed', ...this.#envelope(from) });
    const isGranted = this.#log.isCoveredBy(lastIndex, lastTerm);
    this.#send({ kind: 'preVoteReply', ...this.#envelope(from), term, isGranted });
  }

  #onPreVoteReply({ from, term, isGranted }: PreVoteReply): void {
    if (this.#role === 'preCandidate' && term === this.#term + 1) this.#countVote(from, isGranted);
  }

  #onVote({ from, lastIndex, lastTerm }: Vote): void {
    const isFree = this.#votedFor === from || (this.#votedFor === 0 && this.#leaderId === 0);
    const isGranted = isFree && this.#log.isCoveredBy(lastIndex, lastTerm);
    if (isGranted) {
      this.#role = 'follower';
      this.#votedFor = from;
      this.#electionTimer.reset();
    }
    this.#send({ kind: 'voteReply', ...this.#envelope(from), isGranted });
  }

  #onAppend({ from, prevIndex, prevTerm, entries, commitIndex }: Append): void {
    if (prevIndex < this.#commitIndex) return this.#accept(from, this.#commitIndex);
    if (!this.#log.matches(prevIndex, prevTerm)) return this.#reject(from, prevIndex, prevTerm);
    for (const entry of entries) this.#log.replicate(entry, this.#commitIndex);
    const matchIndex = prevIndex + entries.length;
    this.#commitIndex = Math.max(this.#commitIndex, Math.min(commitIndex, matchIndex));
    this.#accept(from, matchIndex);
  }

  #onSnapshotOffer({ from, index, indexTerm }: SnapshotOffer): void {
    if (index > this.#commitIndex && !this.#log.matches(index, indexTerm)) {
      this.#neededSnapshot = { from, index };
      return this.#reject(from, index, indexTerm);
    }
    this.#commitIndex = Math.max(this.#commitIndex, index);
    this.#accept(from, this.#commitIndex);
  }

  #accept(to: number, matchIndex: number): void {
    this.#send({ kind: 'appendAccepted', ...this.#envelope(to), matchIndex });
  }

  #reject(to: number, prevIndex: number, prevTerm: number): void {
    const hintIndex = this.#log.lastPossibleMatch(prevIndex, prevTerm);
    const hintTerm = this.#log.termAt(hintIndex);
    this.#send({ kind: 'appendRejected', ...this.#envelope(to), prevIndex, hintIndex, hintTerm });
  }

  #countVote(from: number, isGranted: boolean): void {
    this.#votes.set(from, isGranted);
    const verdict = electionVerdict(this.#votes, this.#config.voters.length);
    if (verdict === 'lost') this.#becomeFollower(this.#term);
    else if (verdict === 'won' && this.#role === 'preCandidate') this.#standForElection();
    else if (verdict === 'won') this.#lead();
  }

  /** Its own vote counts once it is durable, as everybody else's. */
  #standForElection(): void {
    this.#role = 'candidate';
    this.#term += 1;
    this.#votedFor = this.id;
    this.#electionTimer.redraw();
    this.#votes = new Map();
    this.#askAll((to) => ({ kind: 'vote', ...this.#envelope(to), ...this.#logEnd() }));
  }

  /** Entries of earlier terms are committed with the first one of this term, never by themselves (fig. 8). */
  #lead(): void {
    this.#role = 'leader';
    this.#leaderId = this.id;
    this.#electionTimer.reset();
    this.#heartbeatElapsed = 0;
    this.#followers = new Followers(this.#others, this.#log, this.#config);
    this.#append(ENTRY_KINDS.noOp, NO_PAYLOAD);
  }

  #becomeFollower(term: number): void {
    if (term !== this.#term) this.#votedFor = 0;
    this.#term = term;
    this.#role = 'follower';
    this.#leaderId = 0;
    this.#followers = undefined;
    this.#electionTimer.redraw();
  }

  #hearLeader(from: number): void {
    assert(this.#role !== 'leader', `peers ${this.id} and ${from} lead term ${this.#term}`);
    if (this.#role !== 'follower') this.#becomeFollower(this.#term);
    this.#leaderId = from;
    this.#electionTimer.reset();
  }

  /** Who does keeps to that leader, whoever else asks for its vote. */
  #hearsLeader(): boolean {
    return this.#leaderId !== 0 && this.#electionTimer.isWithinLease;
  }

  /** A quorum has it, and it is of this leader's term (fig. 8). */
  #maybeCommit(): void {
    if (this.#followers === undefined) return;
    const index = this.#followers.quorumIndex(this.#log.durableIndex);
    if (index > this.#commitIndex && this.#log.termAt(index) === this.#term) this.#commitIndex = index;
  }

  #append(kind: number, payload: Uint8Array): Entry {
    const entry = { index: this.#log.lastIndex + 1, term: this.#term, kind, payload };
    this.#log.append(entry);
    return entry;
  }

  #envelope(to: number): { readonly from: number; readonly to: number; readonly term: number } {
    return { from: this.id, to, term: this.#term };
  }

  #logEnd(): { readonly lastIndex: number; readonly lastTerm: number } {
    return { lastIndex: this.#log.lastIndex, lastTerm: this.#log.lastTerm };
  }

  #askAll(messageTo: (peer: number) => RaftMessage): void {
    for (const peer of this.#others) this.#send(messageTo(peer));
  }

  /** While a persist is slow, the rest is lost, like any other message. */
  #send(message: RaftMessage): void {
    if (this.#outbox.length < OUTBOX_COUNT_MAX) this.#outbox.push(message);
  }

  #canApply(): boolean {
    return Math.min(this.#commitIndex, this.#log.durableIndex) > this.#appliedIndex;
  }

  #readyToApply(): Ready {
    const throughIndex = Math.min(this.#commitIndex, this.#log.durableIndex);
    return { ...NOTHING, committed: this.#log.between(this.#appliedIndex, throughIndex) };
  }

  #canPersist(): boolean {
    return this.#hasNewVote() || this.#log.lastIndex > this.#log.durableIndex;
  }

  #readyToPersist(): Ready {
    const hardState = { term: this.#term, votedFor: this.#votedFor, commitIndex: this.#commitIndex };
    const isUnchanged = !this.#hasNewVote() && hardState.commitIndex === this.#durableState.commitIndex;
    const entries = this.#log.between(this.#log.durableIndex, this.#log.lastIndex);
    const appends = this.#followers?.takeMessages({ from: this.id, term: this.#term, commitIndex: this.#commitIndex });
    const messages = [...this.#outbox, ...(appends ?? [])];
    const snapshot = this.#neededSnapshot;
    this.#outbox = [];
    this.#neededSnapshot = undefined;
    return { hardState: isUnchanged || !this.#canPersist() ? undefined : hardState, entries, messages, committed: [], snapshot };
  }

  #hasNewVote(): boolean {
    return this.#term !== this.#durableState.term || this.#votedFor !== this.#durableState.votedFor;
  }
}

const NO_PAYLOAD = new Uint8Array(0);
const NOTHING: Ready = { hardState: undefined, entries: [], messages: [], committed: [], snapshot: undefined };
/** Answers that wait for one persist: several from each of a handful of peers. */
const OUTBOX_COUNT_MAX = 256;
