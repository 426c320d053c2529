import type { SizeBytes } from '@varve/base';
import type { Membership } from './membership.ts';
import type { RaftMessage } from './message.ts';
import type { Entry, LogEnd } from './entry.ts';

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
  /** As of `compactedIndex`; of a blank disk, the empty one. */
  readonly membership: Membership;
  /** The log had reached this end, and some of it cannot be read any more: `entries` stop before the damage. */
  readonly damage?: LogEnd | undefined;
}

/** Who a peer is, and its bounds. All peers of a group have the same but for `id` and `randomUint32`. */
export interface RaftConfig {
  readonly id: number;
  /** Ticks without a leader after which a peer stands for election, and without a quorum after which a leader gives up; up to twice as many, by chance. */
  readonly electionTickCount: number;
  /** Ticks between two heartbeats: several fit into `electionTickCount`. */
  readonly heartbeatTickCount: number;
  /** Entries of one message; a larger entry goes alone. */
  readonly appendSizeBytesMax: SizeBytes;
  /** Messages with entries under way to one follower. */
  readonly inFlightCountMax: number;
  /** Entries under way to one follower; a message that begins below it goes out whole. */
  readonly inFlightSizeBytesMax: SizeBytes;
  /** Entries that a leader takes before some are committed; beyond it proposals are told to come again. */
  readonly uncommittedSizeBytesMax: SizeBytes;
  /** Reads that wait for a quorum at their leader; beyond it they are told to come again. */
  readonly pendingReadCountMax: number;
  /** Uniform in [0, 2^32), different in each peer: so that two seldom stand for election at the same moment. */
  readonly randomUint32: () => number;
}

/** A snapshot that this peer needs, and who has it. */
export interface NeededSnapshot {
  readonly from: number;
  /** It must reach this far at least. */
  readonly index: number;
}

/** A read is linearizable when it is answered from a state that has applied this entry. */
export interface ConfirmedRead {
  readonly read: number;
  readonly index: number;
}

/** What the core asks its caller to do, in this order. Read-only. */
export interface Ready {
  /** 0. Send at once, before anything is durable: a leader's entries, which promise nothing (thesis 10.2.1). */
  readonly appends: readonly RaftMessage[];
  /** 1. Persist first. `undefined`: term and vote are unchanged. */
  readonly hardState: HardState | undefined;
  /** 1. Persist first, in the same transaction. Contiguous; they replace any stored suffix from the first one on. */
  readonly entries: readonly Entry[];
  /** 2. Send only once (1) is durable. May be lost, repeated or reordered. */
  readonly messages: readonly RaftMessage[];
  /** 3. Apply in index order. Invariant: each is durable here and on a quorum; none waits for (1) of the same Ready. */
  readonly committed: readonly Entry[];
  /** 4. Answer each once its index is applied. */
  readonly reads: readonly ConfirmedRead[];
  /** 5. Begin to fetch it unless that has begun, go on meanwhile, then call `restore`. It is asked for again while it is needed. */
  readonly snapshot: NeededSnapshot | undefined;
  /** 6. The log has reached again what the damage took: the disk may forget that there was some. */
  readonly isRecovered: boolean;
}

/** One that asks for nothing. */
export const EMPTY_READY: Ready = { appends: [], hardState: undefined, entries: [], messages: [], committed: [], reads: [], snapshot: undefined, isRecovered: false };

/** Where a proposal stands in the log. It is committed exactly if the entry applied at `index` has this `term`. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly index: number;
  readonly term: number;
}

/** What became of a proposal. */
export type ProposalOutcome =
  | Accepted
  | { readonly kind: 'notLeader' }
  /** Leadership is being handed over. */
  | { readonly kind: 'transferring' }
  /** Too much waits for a quorum. */
  | { readonly kind: 'full' };

/** What became of a change of the membership. Accepted: the change is complete when no membership is joint and the entry is committed. */
export type MembershipOutcome =
  | Accepted
  | { readonly kind: 'notLeader' }
  | { readonly kind: 'transferring' }
  /** Another change is under way, or the leader has committed nothing of its own yet (R11). */
  | { readonly kind: 'pending' }
  /** It is so already. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** What became of the wish that another peer should lead. */
export type TransferOutcome =
  | { readonly kind: 'started' }
  | { readonly kind: 'notLeader' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** What became of a read. Taken: a Ready will name it, or this peer loses its leader and the caller's time runs out. */
export type ReadOutcome = 'taken' | 'noLeader' | 'full';

/** What a peer is at the moment. A pre-candidate asks whether it would win before it stands for election. */
export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** A member as its leader sees it. */
export interface FollowerStatus {
  readonly id: number;
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly state: 'probing' | 'replicating' | 'snapshot';
  /** It has answered within an election timeout. */
  readonly isActive: boolean;
  readonly isLearner: boolean;
}
