/** What a Raft peer must never forget. `votedFor` 0 is nobody. */
export interface StoredHardState {
  readonly term: number;
  readonly votedFor: number;
  readonly commitIndex: number;
}

export interface StoredEntry {
  readonly index: number;
  readonly term: number;
  /** What kind of entry; the core gives the numbers their meaning. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Who votes and who only copies. */
export interface StoredMembership {
  /** Ascending. */
  readonly voters: readonly number[];
  /** Voters of the configuration that is being left while a change is joint, ascending; otherwise none. */
  readonly outgoing: readonly number[];
  /** Ascending. */
  readonly learners: readonly number[];
  /** Ids at or below it are never given to another peer. */
  readonly greatestId: number;
}

/** Nobody yet: of a blank disk, and of a log that release 0.1.0 has written, whose caller knows its voters. */
export const EMPTY_MEMBERSHIP: StoredMembership = { voters: [], outgoing: [], learners: [], greatestId: 0 };

export interface StoredRaft {
  readonly hardState: StoredHardState;
  /** Contiguous, ascending; the first follows the snapshot. */
  readonly entries: readonly StoredEntry[];
  /** Entries at or below it were compacted away; 0 when none were. */
  readonly compactedIndex: number;
  readonly compactedTerm: number;
}

/** Log and hard state of one peer, `synchronous=FULL`, each record with a checksum. */
export interface RaftLogStore {
  /** @throws DbError STORAGE_CORRUPT on damage before the tail, STORAGE_NEWER_FORMAT */
  load(): Promise<StoredRaft>;
  /**
   * Resolves when both survive a power cut, in one transaction. `undefined` keeps the hard state. Entries are contiguous
   * and replace any stored suffix from the first one on. Calls are made durable in their order; after a failure every
   * later one fails too. @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): Promise<void>;
  /**
   * Forgets entries at or below the index, which a snapshot holds; `term` is the last one's. Entries above stay if they
   * follow that very entry: behind any other one they are of another history, and go too. An index at or below an earlier
   * one changes nothing.
   */
  compact(throughIndex: number, term: number): Promise<void>;
  /** Ends what is under way, then refuses with STORAGE_FAILED. */
  close(): Promise<void>;
}
