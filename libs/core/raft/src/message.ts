import type { Entry } from './raft-log.ts';

/** Who says it, to whom, in which term. Peers are named by their ids, from 1. */
interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

/** Would you vote for me in this term? Asking changes nobody's term, so a peer that cannot win disturbs nobody. */
export interface PreVote extends Envelope {
  readonly kind: 'preVote';
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** `term` is the one that was asked about. */
export interface PreVoteReply extends Envelope {
  readonly kind: 'preVoteReply';
  readonly isGranted: boolean;
}

/** Asks for the vote of this term. */
export interface Vote extends Envelope {
  readonly kind: 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
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
}

/** The follower's log is durable and the leader's up to `matchIndex`. */
export interface AppendAccepted extends Envelope {
  readonly kind: 'appendAccepted';
  readonly matchIndex: number;
}

/** The follower lacks what was to come before. The logs may agree at (hintIndex, hintTerm), and nowhere above. */
export interface AppendRejected extends Envelope {
  readonly kind: 'appendRejected';
  /** `prevIndex` of the append, or `index` of the offer, that is answered. */
  readonly prevIndex: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** The follower needs entries that the leader has no more: a snapshot through this one, or a later one, is there for it. */
export interface SnapshotOffer extends Envelope {
  readonly kind: 'snapshotOffer';
  readonly index: number;
  /** Of the entry at `index`. */
  readonly indexTerm: number;
}

/** The request that is answered belongs to a term that is over. */
export interface TermPassed extends Envelope {
  readonly kind: 'termPassed';
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
  | TermPassed;
