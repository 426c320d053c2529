import type { Entry } from './entry.ts';

/** Who says it, to whom, in which term. Peers are named by their ids, from 1. */
interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

/** What a peer says of itself when it asks for votes. */
interface Candidacy extends Envelope {
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Where the newest membership of its log stands: by which one it goes. For people; nobody decides by it. */
  readonly membershipIndex: number;
}

/** Would you vote for me in this term? Asking changes nobody's term, so a peer that cannot win disturbs nobody. */
export interface PreVote extends Candidacy {
  readonly kind: 'preVote';
}

/** `term` is the one that was asked about. */
export interface PreVoteReply extends Envelope {
  readonly kind: 'preVoteReply';
  readonly isGranted: boolean;
}

/** Asks for the vote of this term. */
export interface Vote extends Candidacy {
  readonly kind: 'vote';
  /** The leader has asked for this election: who hears that leader may vote all the same. */
  readonly isTransfer: boolean;
}

/** A vote is durable before it is given. */
export interface VoteReply extends Envelope {
  readonly kind: 'voteReply';
  readonly isGranted: boolean;
}

/** Entries that follow (prevIndex, prevTerm). Without entries it is a heartbeat, which finds lost ones out as well. */
export interface Append extends Envelope {
  readonly kind: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  /** The leader's; it may lie beyond the entries. */
  readonly commitIndex: number;
  /** The newest round of reads that asks for an answer; 0: none. */
  readonly round: number;
}

/** The follower's log is durable and the leader's up to `matchIndex`. */
export interface AppendAccepted extends Envelope {
  readonly kind: 'appendAccepted';
  readonly matchIndex: number;
  /** Of the message that is answered: whoever answers had not moved on to another term. */
  readonly round: number;
}

/** The follower lacks what was to come before. The logs may agree at (hintIndex, hintTerm), and nowhere above. */
export interface AppendRejected extends Envelope {
  readonly kind: 'appendRejected';
  /** `prevIndex` of the append, or `index` of the offer, that is answered. */
  readonly prevIndex: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
  /** It has lost entries that it had accepted: what its leader believes of it is too much. */
  readonly isRecovering: boolean;
  /** Of the message that is answered. */
  readonly round: number;
}

/** The follower needs entries that the leader has no more: a snapshot through this one, or a later one, is there for it. */
export interface SnapshotOffer extends Envelope {
  readonly kind: 'snapshotOffer';
  readonly index: number;
  /** Of the entry at `index`. */
  readonly indexTerm: number;
  readonly round: number;
}

/** The request that is answered belongs to a term that is over. */
export interface TermPassed extends Envelope {
  readonly kind: 'termPassed';
}

/** The leader wants this peer to take over: it has the whole log and stands for election at once. */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeoutNow';
}

/** A follower asks its leader how far it must have applied to answer this read. */
export interface ReadRequest extends Envelope {
  readonly kind: 'readRequest';
  /** The follower's name for the read. */
  readonly read: number;
}

/** A quorum has confirmed the leader since the read was asked for. */
export interface ReadReply extends Envelope {
  readonly kind: 'readReply';
  readonly read: number;
  readonly index: number;
}

/** The asker is no member any more, by a committed membership that it does not know. */
export interface Removed extends Envelope {
  readonly kind: 'removed';
  readonly membershipIndex: number;
}

/** What peers say to each other. Any of them may be lost, repeated or late. */
export type RaftMessage =
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendAccepted
  | AppendRejected
  | SnapshotOffer
  | TermPassed
  | TimeoutNow
  | ReadRequest
  | ReadReply
  | Removed;
