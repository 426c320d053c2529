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

/** Whose disk this is. */
export interface RaftIdentity {
  readonly clusterId: string;
  readonly peerId: number;
  /** 32 hexadecimal digits: drawn when the disk was blank, never changed. Another disk is another identity. */
  readonly diskId: string;
  /** Starts on this disk so far, this one among them. A disk that was put back to an earlier time counts them again. */
  readonly boot: number;
}

/** What was last heard of another peer's disk. */
export interface KnownPeer {
  readonly peerId: number;
  readonly diskId: string;
  readonly boot: number;
}

/** How far a log had come that has lost something since. */
export interface LogDamage {
  readonly lastIndex: number;
  readonly term: number;
}

export interface StoredRaft {
  readonly hardState: StoredHardState;
  /** Contiguous, ascending; the first follows the snapshot. */
  readonly entries: readonly StoredEntry[];
  /** Entries at or below it were compacted away; 0 when none were. */
  readonly compactedIndex: number;
  readonly compactedTerm: number;
  /** As of `compactedIndex`. */
  readonly membership: StoredMembership;
  /**
   * The disk had acknowledged entries through `lastIndex` and has lost some of them. Those in `entries` were written once, but
   * the last of them may have been replaced since. `commitIndex` was taken back to `compactedIndex`: the leader says what is
   * committed.
   */
  readonly damage?: LogDamage;
}

/** Log, hard state and identity of one peer, `synchronous=FULL`, each record with a checksum. */
export interface RaftLogStore {
  /**
   * Comes first, once. Writes the identity on a blank disk, otherwise compares it; then makes sure of every record, and
   * counts the start durably. An entry that is not as it was written is cut off together with all that follow it, and
   * `load` says so until `recovered`.
   * @throws DbError META_IDENTITY when the disk belongs to another cluster or peer; nothing is changed then
   * @throws DbError STORAGE_CORRUPT when anything but an entry is damaged, the hard state above all
   */
  begin(who: {
    readonly clusterId: string;
    readonly peerId: number;
    /** For a blank disk: 32 hexadecimal digits, random. */
    readonly newDiskId: string;
  }): Promise<{ readonly identity: RaftIdentity; readonly known: readonly KnownPeer[] }>;
  /** Remembers another peer's disk. The greatest boot of a disk stays; another disk takes the place of the one before. */
  remember(peer: KnownPeer): Promise<void>;
  load(): Promise<StoredRaft>;
  /**
   * Resolves when both survive a power cut, in one transaction. `undefined` keeps the hard state. Entries are contiguous
   * and replace any stored suffix from the first one on; none is of a later term than the hard state. Calls are made durable in their order; after a failure every
   * later one fails too. @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): Promise<void>;
  /**
   * Forgets entries at or below the index, which a snapshot holds; `term` is the last one's, `membership` as of it. Entries
   * above stay if they follow that very entry: behind any other one they are of another history, and go too. An index at
   * or below an earlier one changes nothing.
   */
  compact(throughIndex: number, term: number, membership: StoredMembership): Promise<void>;
  /** What was lost is there again, or is not needed any more: the damage is forgotten. */
  recovered(): Promise<void>;
  /** Ends what is under way, then refuses with STORAGE_FAILED. */
  close(): Promise<void>;
}
