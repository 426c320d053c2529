import type { SizeBytes } from '@varve/base';
import type { RaftMessage } from './message.ts';
import type { Entry } from './raft-log.ts';

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

/** Who a peer is, and its bounds. All peers of a group have the same but for `id` and `randomUint32`. */
export interface RaftConfig {
  readonly id: number;
  /** Every peer whose vote counts, this one included. */
  readonly voters: readonly number[];
  /** Ticks without a leader after which a peer stands for election, and without a quorum after which a leader gives up; up to twice as many, by chance. */
  readonly electionTickCount: number;
  /** Ticks between two heartbeats: several fit into `electionTickCount`. */
  readonly heartbeatTickCount: number;
  /** Entries of one message; a larger entry goes alone. */
  readonly appendSizeBytesMax: SizeBytes;
  /** Messages with entries under way to one follower. */
  readonly inFlightCountMax: number;
  /** Entries that a leader takes before some are committed; beyond it proposals are told to come again. */
  readonly uncommittedSizeBytesMax: SizeBytes;
  /** Uniform in [0, 2^32), different in each peer: so that two seldom stand for election at the same moment. */
  readonly randomUint32: () => number;
}

/** A snapshot that this peer needs, and who has it. */
export interface NeededSnapshot {
  readonly from: number;
  /** It must reach this far at least. */
  readonly index: number;
}

/** What the core asks its caller to do, in this order. Read-only. */
export interface Ready {
  /** 1. Persist first. `undefined`: term and vote are unchanged. */
  readonly hardState: HardState | undefined;
  /** 1. Persist first, in the same transaction. Contiguous; they replace any stored suffix from the first one on. */
  readonly entries: readonly Entry[];
  /** 2. Send only once (1) is durable. May be lost, repeated or reordered. */
  readonly messages: readonly RaftMessage[];
  /** 3. Apply in index order. Invariant: each is durable here and on a quorum; none waits for (1) of the same Ready. */
  readonly committed: readonly Entry[];
  /** 4. Begin to fetch it unless that has begun, go on meanwhile, then call `restore`. It is asked for again while it is needed. */
  readonly snapshot: NeededSnapshot | undefined;
}

/** Where a proposal stands in the log. It is committed exactly if the entry applied at `index` has this `term`. */
export type ProposalOutcome =
  | { readonly kind: 'accepted'; readonly index: number; readonly term: number }
  | { readonly kind: 'notLeader' }
  /** Too much waits for a quorum. */
  | { readonly kind: 'full' };

/** What a peer is at the moment. A pre-candidate asks whether it would win before it stands for election. */
export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';
