import { assert, type SizeBytes } from '@varve/base';
import { ElectionTimer } from './election-timer.ts';
import { Following } from './following.ts';
import { votersOf, type Membership, type MembershipTarget } from './membership.ts';
import type { PreVote, PreVoteReply, RaftMessage, Removed, Vote } from './message.ts';
import { Outbox } from './outbox.ts';
import { electionVerdict } from './quorum.ts';
import { RaftLog } from './raft-log.ts';
import { EMPTY_READY, type FollowerStatus, type HardState, type MembershipOutcome, type ProposalOutcome, type RaftConfig, type ReadOutcome, type Ready, type Role, type StoredState, type TransferOutcome } from './ready.ts';
import { Reign } from './reign.ts';

/**
 * Raft as a pure state machine: it decides, its caller does the I/O.
 *
 *   step, tick, propose ─▶ Raft ─▶ takeReady ─▶ persist ─▶ send ─▶ apply ─▶ advance ─▶ takeReady …
 *
 * One Ready is out at a time; what comes meanwhile waits for the next one, so that one persist serves many. A Ready holds
 * everything that this peer has changed and every message that speaks of it: whatever a message promises is durable when
 * it leaves. A group of one elects itself with its own durable vote and commits with its own durable entries.
 * Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", fig. 2; Ongaro's thesis, chapters 3,
 * 4, 6 and 9.6; docs/specs/raft.md.
 */
export class Raft {
  readonly id: number;
  readonly #config: RaftConfig;
  readonly #log: RaftLog;
  #role: Role = 'follower';
  #term: number;
  #votedFor: number;
  /** 0: not known. */
  #leaderId = 0;
  /** As it is on this peer's disk. */
  #durableState: HardState;
  #isRemovalKnown = false;
  #outstanding: Ready | undefined;
  /** Votes, or answers of who would vote, while it asks for them. */
  #votes = new Map<number, boolean>();
  /** While it is led, and while it leads. */
  readonly #following: Following;
  #reign: Reign | undefined;
  /** Since this peer heard of a leader, or asked for votes; as a leader, since it last knew of a quorum. */
  readonly #electionTimer: ElectionTimer;
  /** Everything to be sent that is no append, and more. */
  readonly #outbox = new Outbox();

  /** `appliedIndex` is the snapshot's: entries above it are applied again. */
  constructor(config: RaftConfig, stored: StoredState, appliedIndex: number) {
    const { hardState } = stored;
    assert(config.id >= 1, `peers are numbered from 1, not ${config.id}`);
    this.id = config.id;
    this.#config = config;
    this.#log = new RaftLog(stored, { commitIndex: hardState.commitIndex, appliedIndex });
    assert(hardState.term >= this.#log.lastTerm, `stored term ${hardState.term} below the log's ${this.#log.lastTerm}`);
    this.#term = hardState.term;
    this.#votedFor = hardState.votedFor;
    this.#durableState = hardState;
    this.#following = new Following(this.id, this.#log, this.#outbox);
    this.#electionTimer = new ElectionTimer(config);
  }

  get role(): Role {
    return this.#role;
  }

  get term(): number {
    return this.#term;
  }

  get hardState(): HardState {
    return { term: this.#term, votedFor: this.#votedFor, commitIndex: this.commitIndex };
  }

  /** Who leads the term as far as this peer knows; 0: nobody. */
  get leaderId(): number {
    return this.#leaderId;
  }

  get commitIndex(): number {
    return this.#log.commitIndex;
  }

  get appliedIndex(): number {
    return this.#log.appliedIndex;
  }

  get lastIndex(): number {
    return this.#log.lastIndex;
  }

  get logSizeBytes(): SizeBytes {
    return this.#log.sizeBytes;
  }

  get compactedIndex(): number {
    return this.#log.compactedIndex;
  }

  /** By which it goes. */
  get membership(): Membership {
    return this.#log.membership;
  }

  get membershipIndex(): number {
    return this.#log.membershipIndex;
  }

  /** Its log was damaged and has not reached again what it had promised to keep: it stands for no election. */
  get isRecovering(): boolean {
    return this.#log.isDamaged;
  }

  /** It was a member, and a committed membership that it knows or was told of leaves it out: for ever. */
  get isRemoved(): boolean {
    return this.#isRemovalKnown || this.#log.hasLeft(this.id);
  }

  /** Whether that peer was a member, and by a committed membership is none any more. */
  hasLeft(id: number): boolean {
    return this.#log.hasLeft(id);
  }

  /** Of an entry that is there, or the last that was compacted. */
  termAt(index: number): number {
    return this.#log.termAt(index);
  }

  /** What held there; not below `compactedIndex`. */
  membershipAt(index: number): Membership {
    return this.#log.membershipAt(index);
  }

  /** The other members as this leader sees them; nothing at a follower. */
  followers(): readonly FollowerStatus[] {
    return this.#reign?.status() ?? [];
  }

  /** Asks whether others would vote for it, and stands in a new term when a quorum would; alone at once. Who has no vote or cannot lead does nothing. */
  campaign(): void {
    assert(this.#role !== 'leader', 'a leader does not campaign');
    this.#electionTimer.redraw();
    this.#leaderId = 0;
    if (!this.#canLead()) return;
    this.#role = 'preCandidate';
    this.#votes = new Map();
    this.#askVoters((to) => ({ kind: 'preVote', ...this.#envelope(to), ...this.#log.claim, term: this.#term + 1 }));
    this.#countVote(this.id, true);
  }

  /** Leads no more, whatever the reason. @returns what asks another voter to lead at once, if one seems well */
  resign(): RaftMessage | undefined {
    const message = this.#reign?.handOver();
    if (this.#reign !== undefined) this.#becomeFollower(this.#term);
    return message;
  }

  /** Time passes: one call per tick. */
  tick(): void {
    this.#electionTimer.tick();
    if (this.#reign !== undefined) this.#tickLeader(this.#reign);
    else if (this.#electionTimer.isOver) this.campaign();
  }

  /** Appends a command, when this peer leads. */
  propose(payload: Uint8Array): ProposalOutcome {
    return this.#reign?.propose(payload) ?? NOT_LEADER;
  }

  /** Changes who votes and who copies. One change at a time; this leader completes a joint one by itself, and gives way if it is no voter then. */
  changeMembership(target: MembershipTarget): MembershipOutcome {
    return this.#reign?.changeMembership(target) ?? NOT_LEADER;
  }

  /** Hands leadership over to this voter once it has the whole log; no entries are taken meanwhile, for an election timeout at most. */
  transfer(to: number): TransferOutcome {
    return this.#reign?.transfer(to) ?? NOT_LEADER;
  }

  /** Asks how far a state must have been applied to answer a read that begins now. `read` is the caller's name for it. */
  read(read: number): ReadOutcome {
    if (this.#reign !== undefined) return this.#reign.read(this.id, read);
    if (this.#leaderId === 0) return 'noLeader';
    return this.#outbox.send({ kind: 'readRequest', ...this.#envelope(this.#leaderId), read }) ? 'taken' : 'full';
  }

  /** A message has come. `foreign`: it is not for this peer, and changes nothing. */
  step(message: RaftMessage): 'taken' | 'foreign' {
    if (message.to !== this.id || message.from === this.id) return 'foreign';
    if ((message.kind === 'preVote' || message.kind === 'vote') && this.#maybeTellRemoved(message)) return 'taken';
    if (message.kind === 'preVote') this.#onPreVote(message);
    else if (message.kind === 'preVoteReply') {
      if (this.#role === 'preCandidate' && message.term === this.#term + 1) this.#countVote(message.from, message.isGranted);
    }
    else if (message.kind === 'removed') this.#onRemoved();
    else if (message.term < this.#term) this.#onTermPassed(message);
    else if (message.kind !== 'vote' || message.term === this.#term || message.isTransfer || !this.#hearsLeader()) {
      if (message.term > this.#term) this.#becomeFollower(message.term);
      this.#stepInTerm(message);
    }
    return 'taken';
  }

  hasReady(): boolean {
    const { canApply, hasRecovered, isDurable } = this.#log;
    return canApply || hasRecovered || !isDurable || this.#hasNewVote() || !this.#outbox.isEmpty || this.#reign?.hasMessages === true;
  }

  /** What is to be done next; undefined: nothing. The one before it must have been advanced. */
  takeReady(): Ready | undefined {
    assert(this.#outstanding === undefined, 'a Ready is taken before the last one was advanced');
    if (!this.hasReady()) return undefined;
    this.#outstanding = this.#log.canApply ? { ...EMPTY_READY, committed: this.#log.applicable() } : this.#readyToPersist();
    return this.#outstanding;
  }

  /** The Ready was done: what it held is durable and applied. */
  advance(ready: Ready): void {
    assert(ready === this.#outstanding, 'another Ready is advanced than was taken');
    this.#outstanding = undefined;
    this.#durableState = ready.hardState ?? this.#durableState;
    this.#log.markDone(ready);
    if (this.#role === 'candidate' && !this.#hasNewVote()) this.#countVote(this.id, true);
    this.#pursue();
  }

  /** Lets go of applied entries that a durable snapshot has replaced. */
  compact(throughIndex: number): void {
    this.#log.compact(throughIndex);
  }

  /**
   * A snapshot through this entry has replaced what was applied here, and it and the log's new beginning are durable.
   * Comes between two Readies, and is not applied already.
   */
  restore({ index, term, membership }: { readonly index: number; readonly term: number; readonly membership: Membership }): void {
    assert(this.#outstanding === undefined, 'a snapshot is restored while a Ready is out');
    if (term > this.#term) this.#becomeFollower(term);
    this.#log.restore({ compactedIndex: index, compactedTerm: term, membership });
    this.#outbox.need(undefined);
  }

  #tickLeader(reign: Reign): void {
    reign.tick();
    if (this.#electionTimer.isWithinLease) return;
    this.#electionTimer.reset();
    if (!reign.takeIsQuorumActive()) this.#becomeFollower(this.#term);
  }

  /** The message's term is this peer's. */
  #stepInTerm(message: Exclude<RaftMessage, PreVote | PreVoteReply | Removed>): void {
    switch (message.kind) {
      case 'vote':
        return this.#onVote(message);
      case 'voteReply':
        return this.#role === 'candidate' ? this.#countVote(message.from, message.isGranted) : undefined;
      case 'append':
        this.#hearLeader(message.from);
        return this.#following.onAppend(message);
      case 'snapshotOffer':
        this.#hearLeader(message.from);
        return this.#following.onSnapshotOffer(message);
      case 'appendAccepted':
        this.#reign?.onAccepted(message);
        return this.#pursue();
      case 'appendRejected':
        this.#reign?.onRejected(message);
        return this.#pursue();
      case 'timeoutNow':
        return this.#role !== 'leader' && this.#canLead() ? this.#standForElection(true) : undefined;
      case 'readRequest':
        return void this.#reign?.read(message.from, message.read);
      case 'readReply':
        return this.#outbox.confirm({ read: message.read, index: message.index });
      case 'termPassed':
        return;
    }
  }

  /** Who asks learns that its term is over: a leader gives way, and a peer that was away catches up. */
  #onTermPassed({ kind, from }: RaftMessage): void {
    if (kind === 'append' || kind === 'snapshotOffer' || kind === 'vote') this.#outbox.send({ kind: 'termPassed', ...this.#envelope(from) });
  }

  /** Who was a member and is none by what is committed here cannot know unless somebody says so. */
  #maybeTellRemoved({ from }: PreVote | Vote): boolean {
    const { membershipIndex } = this;
    const hasLeft = this.#log.hasLeft(from);
    if (hasLeft) this.#outbox.send({ kind: 'removed', ...this.#envelope(from), membershipIndex });
    return hasLeft;
  }

  #onRemoved(): void {
    this.#isRemovalKnown = true;
    this.#becomeFollower(this.#term);
  }

  /** Promises nothing, so it is no vote and restarts no timer. Who hears a leader does not answer. Of two that ask each other the lower number gives way. */
  #onPreVote(message: PreVote): void {
    const { from, term } = message;
    if (this.#hearsLeader()) return;
    if (term <= this.#term) return void this.#outbox.send({ kind: 'termPassed', ...this.#envelope(from) });
    const isGranted = this.#log.isCoveredBy(message);
    if (isGranted && this.#role === 'preCandidate' && from > this.id) this.#becomeFollower(this.#term);
    this.#outbox.send({ kind: 'preVoteReply', ...this.#envelope(from), term, isGranted });
  }

  #onVote(message: Vote): void {
    const { from } = message;
    const isFree = this.#votedFor === from || (this.#votedFor === 0 && this.#leaderId === 0);
    const isGranted = isFree && this.#log.isCoveredBy(message);
    if (isGranted) {
      this.#role = 'follower';
      this.#votedFor = from;
      this.#electionTimer.reset();
    }
    this.#outbox.send({ kind: 'voteReply', ...this.#envelope(from), isGranted });
  }

  #countVote(from: number, isGranted: boolean): void {
    this.#votes.set(from, isGranted);
    const verdict = electionVerdict(this.membership, this.#votes);
    if (verdict === 'lost') this.#becomeFollower(this.#term);
    else if (verdict === 'won' && this.#role === 'preCandidate') this.#standForElection(false);
    else if (verdict === 'won') this.#lead();
  }

  /** Its own vote counts once it is durable, as everybody else's. */
  #standForElection(isTransfer: boolean): void {
    this.#role = 'candidate';
    this.#term += 1;
    this.#votedFor = this.id;
    this.#leaderId = 0;
    this.#electionTimer.redraw();
    this.#votes = new Map();
    this.#askVoters((to) => ({ kind: 'vote', ...this.#envelope(to), ...this.#log.claim, isTransfer }));
  }

  #lead(): void {
    this.#role = 'leader';
    this.#leaderId = this.id;
    this.#electionTimer.reset();
    this.#reign = new Reign(this.#term, { log: this.#log, outbox: this.#outbox, config: this.#config });
  }

  #becomeFollower(term: number): void {
    if (term !== this.#term) this.#votedFor = 0;
    this.#term = term;
    this.#role = 'follower';
    this.#leaderId = 0;
    this.#reign = undefined;
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

  #canLead(): boolean {
    return this.#log.mayLead(this.id) && !this.isRecovering && !this.isRemoved;
  }

  #pursue(): void {
    if (this.#reign?.pursue() === 'left') this.#becomeFollower(this.#term);
  }

  #envelope(to: number): { readonly from: number; readonly to: number; readonly term: number } {
    return { from: this.id, to, term: this.#term };
  }

  #askVoters(messageTo: (peer: number) => RaftMessage): void {
    for (const peer of votersOf(this.membership)) if (peer !== this.id) this.#outbox.send(messageTo(peer));
  }

  #readyToPersist(): Ready {
    const { hardState } = this;
    const isDue = this.#hasNewVote() || (!this.#log.isDurable && hardState.commitIndex !== this.#durableState.commitIndex);
    return {
      appends: this.#reign?.takeMessages() ?? [],
      hardState: isDue ? hardState : undefined,
      entries: this.#log.undurable(),
      ...this.#outbox.take(),
      committed: [],
      isRecovered: this.#log.hasRecovered,
    };
  }

  #hasNewVote(): boolean {
    return this.#term !== this.#durableState.term || this.#votedFor !== this.#durableState.votedFor;
  }
}

const NOT_LEADER = { kind: 'notLeader' } as const;
