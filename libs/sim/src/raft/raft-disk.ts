import { assert, type Prng } from '@varve/base';
import { EMPTY_MEMBERSHIP, type Entry, type HardState, type Membership, type StoredState } from '@varve/raft';
import type { RaftTally } from './raft-tally.ts';
import { EMPTY_MACHINE, type MachineState } from './session-machine.ts';

/** A disk that nobody has written to. */
export const BLANK_STATE: StoredState = {
  hardState: { term: 0, votedFor: 0, commitIndex: 0 },
  entries: [],
  compactedIndex: 0,
  compactedTerm: 0,
  membership: EMPTY_MEMBERSHIP,
};

/** What has been applied through an entry, and who was a member as of it. */
export interface StoredSnapshot {
  readonly index: number;
  readonly term: number;
  readonly membership: Membership;
  readonly machine: MachineState;
}

/** One thing that a transaction changes. */
export type DiskRecord =
  | { readonly kind: 'hardState'; readonly hardState: HardState }
  /** The first one of a transaction replaces what was stored from its index on. */
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'compact'; readonly index: number; readonly term: number; readonly membership: Membership }
  | { readonly kind: 'snapshot'; readonly snapshot: StoredSnapshot }
  | { readonly kind: 'recovered' };

/** Where a log ends. */
interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

interface StoredEntry {
  readonly entry: Entry;
  /** As it was written. */
  readonly checksum: number;
}

/** Records in the page cache, ended by the mark that makes a transaction of them. */
interface WrittenTransaction {
  readonly records: readonly DiskRecord[];
  readonly end: { readonly recordCount: number; readonly checksum: number } | undefined;
}

/**
 * A disk with a page cache between it and the process. `write` fills the cache, `sync` makes it durable; a power cut in
 * between leaves nothing of it, a part, or all. A transaction ends with a count and a checksum of its records: after a
 * cut, one that does not add up is taken for never written. Entries have checksums of their own, and where the log
 * ends is kept beside the hard state, so that an entry which is wrong or missing is known for what it is: damage.
 */
export class RaftDisk {
  readonly #prng: Prng;
  readonly #tally: RaftTally;
  #hardState: HardState;
  #entries: StoredEntry[];
  #compactedIndex: number;
  #compactedTerm: number;
  #membership: Membership;
  #snapshot: StoredSnapshot = { index: 0, term: 0, membership: EMPTY_MEMBERSHIP, machine: EMPTY_MACHINE };
  /** Of the last entry that was ever acknowledged here, unless it was replaced. */
  #end: LogEnd;
  #damage: LogEnd | undefined;
  #cache: WrittenTransaction | undefined;
  #isWiped = false;
  #hasFlipped = false;

  constructor(founding: StoredState, prng: Prng, tally: RaftTally) {
    this.#prng = prng;
    this.#tally = tally;
    this.#hardState = founding.hardState;
    this.#entries = founding.entries.map((entry) => ({ entry, checksum: checksumOf(entry) }));
    this.#compactedIndex = founding.compactedIndex;
    this.#compactedTerm = founding.compactedTerm;
    this.#membership = founding.membership;
    this.#end = this.#logEnd();
  }

  /** Durable, as everything here that can be read. */
  get hardState(): HardState {
    return this.#hardState;
  }

  get snapshot(): StoredSnapshot {
    return this.#snapshot;
  }

  get compactedIndex(): number {
    return this.#compactedIndex;
  }

  get lastIndex(): number {
    return this.#compactedIndex + this.#entries.length;
  }

  /** Who was a member as of `compactedIndex`. */
  get membership(): Membership {
    return this.#membership;
  }

  /** Nothing that it promised can be relied on: it has lost entries, or everything. */
  get isDamaged(): boolean {
    return this.#isWiped || this.#damage !== undefined || this.#end.lastIndex > this.lastIndex || this.#hasFlipped;
  }

  get isWiped(): boolean {
    return this.#isWiped;
  }

  /** Of an entry that is there, or of the last one that was compacted; undefined: it is not there. */
  termAt(index: number): number | undefined {
    if (index === this.#compactedIndex) return this.#compactedTerm;
    return this.#entries[index - this.#compactedIndex - 1]?.entry.term;
  }

  /** Whether the entry, or a snapshot that holds what it did, survives a power cut. */
  holds(index: number, term: number): boolean {
    return index <= this.#snapshot.index || index <= this.#compactedIndex || this.termAt(index) === term;
  }

  /** To the page cache, as a whole. */
  write(records: readonly DiskRecord[]): void {
    assert(this.#cache === undefined, 'one transaction at a time');
    this.#cache = { records, end: { recordCount: records.length, checksum: checksumOfAll(records) } };
  }

  /** What is in the page cache is durable. */
  sync(): void {
    assert(this.#cache !== undefined, 'sync without a write');
    for (const [at, record] of this.#cache.records.entries()) this.#keep(record, this.#cache.records[at - 1]?.kind === 'entry');
    this.#cache = undefined;
  }

  /** What the page cache holds is dropped, torn or kept. */
  cutPower(): void {
    if (this.#cache === undefined) return;
    const fate = this.#prng.pick(['writeDropped', 'writeTorn', 'writeTorn', 'writeKept'] as const);
    this.#tally.add(fate);
    if (fate === 'writeDropped') this.#cache = undefined;
    else if (fate === 'writeTorn') this.#cache = this.#torn(this.#cache);
  }

  /** The last entries were acknowledged and never came to the disk: it has lied. @returns whether there were any to lose */
  loseEntries(): boolean {
    const kept = this.#prng.between(this.#firstLosable(), this.lastIndex);
    if (kept >= this.lastIndex) return false;
    this.#entries.length = kept - this.#compactedIndex;
    this.#cache = undefined;
    return true;
  }

  /** A bit of some stored entry changes. @returns whether there was any */
  flipBit(): boolean {
    const index = this.#prng.between(this.#firstLosable(), this.lastIndex);
    const stored = this.#entries[index - this.#compactedIndex - 1];
    if (stored === undefined) return false;
    const payload = Uint8Array.from([...stored.entry.payload, 0]);
    payload[this.#prng.between(0, payload.length - 1)]! ^= 1 << this.#prng.between(0, 7);
    this.#entries[index - this.#compactedIndex - 1] = { ...stored, entry: { ...stored.entry, payload } };
    this.#hasFlipped = true;
    return true;
  }

  /** Everything is gone; whose disk this was must not be heard of again. */
  wipe(): void {
    this.#isWiped = true;
  }

  /** What a process finds when it starts. */
  open(): StoredState {
    assert(!this.#isWiped, 'nobody starts on a wiped disk under its old id');
    this.#recoverTransaction();
    this.#cutDamage();
    this.#followSnapshot();
    return {
      hardState: this.#damage === undefined ? this.#hardState : { ...this.#hardState, commitIndex: this.#compactedIndex },
      entries: this.#entries.map(({ entry }) => entry),
      compactedIndex: this.#compactedIndex,
      compactedTerm: this.#compactedTerm,
      membership: this.#membership,
      ...(this.#damage && { damage: this.#damage }),
    };
  }

  /** A transaction that was written as a whole counts, even though nobody was told. */
  #recoverTransaction(): void {
    if (this.#cache === undefined) return;
    const { records, end } = this.#cache;
    if (end?.recordCount === records.length && end.checksum === checksumOfAll(records)) return this.sync();
    this.#cache = undefined;
    this.#tally.add('tornCut');
  }

  /** From the first entry on that is wrong nothing can be relied on. */
  #cutDamage(): void {
    const firstWrong = this.#entries.findIndex(isFlipped);
    if (firstWrong !== -1) this.#entries.length = firstWrong;
    this.#hasFlipped = false;
    if (this.#end.lastIndex <= this.lastIndex) return;
    this.#tally.add('damageFound');
    if (this.#damage === undefined || isBehind(this.#damage, this.#end)) this.#damage = this.#end;
    this.#end = this.#logEnd();
  }

  /** A snapshot beyond the log was installed last, and the log had not followed yet; or the damage lies below it. */
  #followSnapshot(): void {
    const { index, term, membership } = this.#snapshot;
    if (index > this.lastIndex) this.#keep({ kind: 'compact', index, term, membership }, false);
  }

  #keep(record: DiskRecord, isNextEntry: boolean): void {
    if (record.kind === 'hardState') this.#hardState = record.hardState;
    else if (record.kind === 'snapshot') this.#snapshot = record.snapshot;
    else if (record.kind === 'recovered') this.#damage = undefined;
    else if (record.kind === 'compact') this.#compact(record);
    else this.#keepEntry(record.entry, isNextEntry);
  }

  #keepEntry(entry: Entry, isNext: boolean): void {
    const at = entry.index - this.#compactedIndex - 1;
    assert(0 <= at && at <= this.#entries.length, `entry ${entry.index} on a log of ${this.#compactedIndex}..${this.lastIndex}`);
    assert(!isNext || at === this.#entries.length, `entry ${entry.index} after ${this.lastIndex}`);
    this.#entries.length = at;
    this.#entries.push({ entry, checksum: checksumOf(entry) });
    this.#end = { lastIndex: entry.index, lastTerm: entry.term };
  }

  /** Entries above stay if they follow that very entry. */
  #compact({ index, term, membership }: { readonly index: number; readonly term: number; readonly membership: Membership }): void {
    if (index <= this.#compactedIndex) return;
    this.#entries = this.termAt(index) === term ? this.#entries.slice(index - this.#compactedIndex) : [];
    this.#compactedIndex = index;
    this.#compactedTerm = term;
    this.#membership = membership;
    this.#end = this.#logEnd();
  }

  /** A part of the records, in whatever order the pages went out, with or without the mark at the end. */
  #torn({ records, end }: WrittenTransaction): WrittenTransaction {
    const kept = records.filter(() => this.#prng.chance(0.6));
    const isWhole = kept.length === records.length;
    return { records: kept, end: isWhole || this.#prng.chance(0.5) ? undefined : end };
  }

  /** Most damage is near the end, where the log was written last. */
  #firstLosable(): number {
    return Math.max(this.#compactedIndex, this.#prng.chance(0.7) ? this.lastIndex - 4 : 0);
  }

  #logEnd(): LogEnd {
    return { lastIndex: this.lastIndex, lastTerm: this.termAt(this.lastIndex)! };
  }
}

/** Of everything about an entry that must not change. */
export function checksumOf({ index, term, kind, payload }: Entry): number {
  let sum = mixed(mixed(mixed(payload.length, index), term), kind);
  for (const byte of payload) sum = mixed(sum, byte);
  return sum;
}

function checksumOfAll(records: readonly DiskRecord[]): number {
  return records.reduce((sum, record) => mixed(sum, checksumOfRecord(record)), 0);
}

function checksumOfRecord(record: DiskRecord): number {
  switch (record.kind) {
    case 'hardState':
      return mixed(mixed(mixed(1, record.hardState.term), record.hardState.votedFor), record.hardState.commitIndex);
    case 'entry':
      return mixed(2, checksumOf(record.entry));
    case 'compact':
      return mixed(mixed(3, record.index), record.term);
    case 'snapshot':
      return mixed(mixed(4, record.snapshot.index), record.snapshot.machine.hash);
    case 'recovered':
      return 5;
  }
}

function mixed(sum: number, fact: number): number {
  return (Math.imul(sum ^ fact, 0x01000193) + 0x9e3779b9) >>> 0;
}

function isBehind(left: LogEnd, right: LogEnd): boolean {
  return left.lastTerm < right.lastTerm || (left.lastTerm === right.lastTerm && left.lastIndex < right.lastIndex);
}

function isFlipped({ entry, checksum }: StoredEntry): boolean {
  return checksumOf(entry) !== checksum;
}
