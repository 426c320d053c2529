import { assert, type SizeBytes } from '@varve/base';
import { ENTRY_KINDS, sizeBytesOf, type Entry, type LogEnd } from './entry.ts';
import { decodeMembership, isMember, isVoter, type Membership } from './membership.ts';
import type { Ready } from './ready.ts';

/** Where a membership begins to hold. */
interface MembershipPlace {
  readonly index: number;
  readonly membership: Membership;
}

/** Where a log begins: behind an entry that a snapshot has replaced, or behind nothing at 0. */
export interface LogStart {
  readonly compactedIndex: number;
  readonly compactedTerm: number;
  /** As of that entry. */
  readonly membership: Membership;
}

/** A log as a disk has it. */
interface StoredLog extends LogStart {
  readonly entries: readonly Entry[];
  readonly damage?: LogEnd | undefined;
}

/**
 * The part of the log that no snapshot has replaced, oldest first, and how far it is durable, committed and applied.
 *
 *   compacted ≤ applied ≤ committed ≤ last,   durable ≤ last
 */
export class RaftLog {
  #entries: Entry[];
  /** Of all entries. */
  #sizeBytes: SizeBytes = 0;
  #compactedIndex: number;
  #compactedTerm: number;
  #durableIndex: number;
  #commitIndex: number;
  #appliedIndex: number;
  /** What this peer had promised to keep and cannot read any more. */
  #damagedEnd: LogEnd | undefined;
  /** Ascending; the first one holds where the log begins. */
  #memberships: MembershipPlace[];

  constructor(stored: StoredLog, at: { readonly commitIndex: number; readonly appliedIndex: number }) {
    this.#entries = [];
    this.#compactedIndex = stored.compactedIndex;
    this.#compactedTerm = stored.compactedTerm;
    this.#memberships = [{ index: stored.compactedIndex, membership: stored.membership }];
    for (const entry of stored.entries) this.append(entry);
    const { lastIndex } = this;
    const promisedIndex = Math.max(lastIndex, stored.damage?.lastIndex ?? 0);
    assert(at.commitIndex <= promisedIndex, `committed ${at.commitIndex} of ${promisedIndex} entries`);
    assert(stored.compactedIndex <= at.appliedIndex && at.appliedIndex <= lastIndex, `applied ${at.appliedIndex} of ${stored.compactedIndex}..${lastIndex}`);
    this.#durableIndex = lastIndex;
    this.#commitIndex = Math.max(Math.min(at.commitIndex, lastIndex), at.appliedIndex);
    this.#appliedIndex = at.appliedIndex;
    this.#damagedEnd = stored.damage;
  }

  /** Entries at or below it are in the snapshot. */
  get compactedIndex(): number {
    return this.#compactedIndex;
  }

  get lastIndex(): number {
    return this.#compactedIndex + this.#entries.length;
  }

  /** Entries at or below it are on this peer's disk. */
  get durableIndex(): number {
    return this.#durableIndex;
  }

  /** Entries at or below it are never contradicted. */
  get commitIndex(): number {
    return this.#commitIndex;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Committed entries that are on this peer's disk and not applied yet wait. */
  get canApply(): boolean {
    return Math.min(this.#commitIndex, this.#durableIndex) > this.#appliedIndex;
  }

  /** Some of what this peer had promised to keep is not there again yet. */
  get isDamaged(): boolean {
    return this.#damagedEnd !== undefined;
  }

  /** On disk it has reached again where the damaged log ended, or gone on behind: what was promised is there, or was overruled. */
  get hasRecovered(): boolean {
    if (this.#damagedEnd === undefined) return false;
    return isCovered(this.#damagedEnd, { lastIndex: this.#durableIndex, lastTerm: this.termAt(this.#durableIndex) });
  }

  /** All of it is on this peer's disk. */
  get isDurable(): boolean {
    return this.#durableIndex === this.lastIndex;
  }

  get lastTerm(): number {
    return this.termAt(this.lastIndex);
  }

  /** The newest one, committed or not. */
  get membership(): Membership {
    return this.#memberships.at(-1)!.membership;
  }

  /** Where the newest one stands; of one that came with a snapshot, the snapshot's end. */
  get membershipIndex(): number {
    return this.#memberships.at(-1)!.index;
  }

  /** What held there, at or behind the beginning of the log. */
  membershipAt(index: number): Membership {
    assert(index >= this.#compactedIndex, `the membership at ${index} of a log compacted through ${this.#compactedIndex}`);
    return this.#memberships.findLast((place) => place.index <= index)!.membership;
  }

  /** Of an entry that is there, or of the last one that the snapshot replaced. */
  termAt(index: number): number {
    const term = this.#knownTermAt(index);
    assert(term !== undefined, `no entry ${index} in the log ${this.#compactedIndex + 1}..${this.lastIndex}`);
    return term;
  }

  /** Whether it is known to hold this entry: then all entries before it are the same as well. */
  matches(index: number, term: number): boolean {
    return this.#knownTermAt(index) === term;
  }

  /**
   * Whether the peer may be needed to lead: it votes by the newest membership, or by one that is not overruled for good yet
   * (thesis 4.2.2).
   */
  mayLead(id: number): boolean {
    const committed = this.#memberships.findLastIndex(({ index }) => index <= this.#commitIndex);
    return this.#memberships.slice(committed).some(({ membership }) => isVoter(membership, id));
  }

  /** Whether the peer was a member, and by what no other leader can undo is none any more. */
  hasLeft(id: number): boolean {
    const committed = this.membershipAt(this.#commitIndex);
    return id <= committed.greatestId && !isMember(committed, id);
  }

  /** Whether a log that ends there holds every committed entry that this one holds, or held before it was damaged. */
  isCoveredBy(end: LogEnd): boolean {
    return isCovered(this, end) && (this.#damagedEnd === undefined || isCovered(this.#damagedEnd, end));
  }

  /**
   * The last index, `index` at most, whose term is `term` at most: a log that holds the entry (index, term) cannot agree
   * with this one above it. Below what was compacted terms are not known, and nothing is ruled out.
   */
  lastPossibleMatch(index: number, term: number): number {
    let at = Math.min(index, this.lastIndex);
    while (at > this.#compactedIndex && this.termAt(at) > term) at -= 1;
    return at;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, `entry ${entry.index} after ${this.lastIndex}`);
    assert(entry.term >= this.lastTerm, `entry of term ${entry.term} after one of term ${this.lastTerm}`);
    this.#entries.push(entry);
    this.#sizeBytes += sizeBytesOf(entry);
    if (entry.kind === ENTRY_KINDS.membership) this.#memberships.push({ index: entry.index, membership: decodeMembership(entry.payload) });
  }

  /**
   * Takes entries of the leader behind one that is here. Only one that contradicts the log cuts it: what merely came late
   * must not. What is committed is never contradicted.
   */
  replicate(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.matches(entry.index, entry.term)) continue;
      if (entry.index <= this.lastIndex) {
        assert(entry.index > this.#commitIndex, `entry ${entry.index} of term ${entry.term} contradicts a committed one`);
        this.#truncateFrom(entry.index);
      }
      this.append(entry);
    }
  }

  /**
   * Entries are on disk, others are applied, and the disk may have forgotten that there was damage. What another leader has
   * replaced meanwhile is on disk, too, and no part of the log any more.
   */
  markDone({ entries, committed, isRecovered }: Pick<Ready, 'entries' | 'committed' | 'isRecovered'>): void {
    const lastDurable = entries.findLast(({ index, term }) => this.matches(index, term));
    this.#durableIndex = Math.max(this.#durableIndex, lastDurable?.index ?? 0);
    this.#appliedIndex = committed.at(-1)?.index ?? this.#appliedIndex;
    if (isRecovered) this.#damagedEnd = undefined;
  }

  /** Entries up to it are on a quorum of disks; one that is committed already changes nothing. */
  commitThrough(index: number): void {
    assert(index <= this.lastIndex, `commit through ${index} of ${this.lastIndex}`);
    this.#commitIndex = Math.max(this.#commitIndex, index);
  }

  /** Entries that are to be applied next. */
  applicable(): readonly Entry[] {
    return this.between(this.#appliedIndex, Math.min(this.#commitIndex, this.#durableIndex));
  }

  /** Entries above `afterIndex`, up to and including `throughIndex`. */
  between(afterIndex: number, throughIndex: number): readonly Entry[] {
    assert(
      this.#compactedIndex <= afterIndex && afterIndex <= throughIndex,
      `entries ${afterIndex + 1}..${throughIndex} of a log compacted through ${this.#compactedIndex}`,
    );
    return this.#entries.slice(afterIndex - this.#compactedIndex, throughIndex - this.#compactedIndex);
  }

  /** Entries above `afterIndex`, as many as fit; the first one always does. */
  batchAfter(afterIndex: number, sizeBytesMax: SizeBytes): readonly Entry[] {
    let throughIndex = afterIndex;
    let sizeBytes = 0;
    while (throughIndex < this.lastIndex) {
      sizeBytes += sizeBytesOf(this.#entries[throughIndex - this.#compactedIndex]!);
      if (sizeBytes > sizeBytesMax && throughIndex > afterIndex) break;
      throughIndex += 1;
    }
    return this.between(afterIndex, throughIndex);
  }

  /** Of the entries above `afterIndex`. */
  sizeBytesAfter(afterIndex: number): SizeBytes {
    return sumOf(this.between(afterIndex, this.lastIndex));
  }

  /** What a candidate says of it to those whose votes it wants. */
  get claim(): LogEnd & { readonly membershipIndex: number } {
    return { lastIndex: this.lastIndex, lastTerm: this.lastTerm, membershipIndex: this.membershipIndex };
  }

  /** Of all entries that no snapshot has replaced. */
  get sizeBytes(): SizeBytes {
    return this.#sizeBytes;
  }

  /** Entries that are not on disk yet. */
  undurable(): readonly Entry[] {
    return this.between(this.#durableIndex, this.lastIndex);
  }

  /** Lets applied entries at or below the index go: a durable snapshot has what they did. */
  compact(throughIndex: number): void {
    assert(throughIndex <= this.#appliedIndex, `compact through ${throughIndex}, applied ${this.#appliedIndex}`);
    assert(this.#compactedIndex <= throughIndex, `compact through ${throughIndex}, compacted ${this.#compactedIndex}`);
    const term = this.termAt(throughIndex);
    const first = this.#memberships.findLastIndex(({ index }) => index <= throughIndex);
    this.#memberships = this.#memberships.slice(first);
    this.#entries = this.#entries.slice(throughIndex - this.#compactedIndex);
    this.#sizeBytes = sumOf(this.#entries);
    this.#compactedIndex = throughIndex;
    this.#compactedTerm = term;
    this.#durableIndex = Math.max(this.#durableIndex, throughIndex);
  }

  /** Another peer's snapshot, which is durable, has replaced what was applied here. Entries behind it stay if they follow that very entry. */
  restore({ compactedIndex: index, compactedTerm: term, membership }: LogStart): void {
    assert(index > this.#appliedIndex, `a snapshot through ${index}, applied ${this.#appliedIndex}`);
    const isSame = this.matches(index, term);
    this.#appliedIndex = index;
    this.#commitIndex = Math.max(this.#commitIndex, index);
    if (isSame) return this.compact(index);
    this.#entries = [];
    this.#sizeBytes = 0;
    this.#compactedIndex = index;
    this.#compactedTerm = term;
    this.#durableIndex = index;
    this.#memberships = [{ index, membership }];
  }

  /** Lets the entries from this one on go: another leader has decided otherwise. */
  #truncateFrom(index: number): void {
    assert(
      this.#compactedIndex < index && index <= this.lastIndex,
      `truncate from ${index} of ${this.#compactedIndex + 1}..${this.lastIndex}`,
    );
    this.#entries.length = index - this.#compactedIndex - 1;
    this.#sizeBytes = sumOf(this.#entries);
    this.#memberships = this.#memberships.filter((place) => place.index < index);
    this.#durableIndex = Math.min(this.#durableIndex, index - 1);
  }

  #knownTermAt(index: number): number | undefined {
    if (index === this.#compactedIndex) return this.#compactedTerm;
    return this.#entries[index - this.#compactedIndex - 1]?.term;
  }
}

/** Whether a log that ends at `other` holds every committed entry that one which ends at `own` holds (thesis 3.6.1). */
function isCovered(own: LogEnd, other: LogEnd): boolean {
  return other.lastTerm > own.lastTerm || (other.lastTerm === own.lastTerm && other.lastIndex >= own.lastIndex);
}

function sumOf(entries: readonly Entry[]): SizeBytes {
  return entries.reduce((sizeBytes, entry) => sizeBytes + sizeBytesOf(entry), 0);
}
