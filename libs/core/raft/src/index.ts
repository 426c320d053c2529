export { decodeMembership, EMPTY_MEMBERSHIP, encodeMembership, foundingMembership, isMember, isVoter, membersOf } from './membership.ts';
export { decodeRaftMessage, encodeRaftMessage } from './message-codec.ts';
export { ENTRY_KINDS } from './entry.ts';
export { Raft } from './raft.ts';
export { foundingState, storedMembership } from './stored-membership.ts';
export type { Membership, MembershipTarget } from './membership.ts';
export type { RaftMessage } from './message.ts';
export type { Entry } from './entry.ts';
export type {
  Accepted,
  ConfirmedRead,
  FollowerStatus,
  HardState,
  MembershipOutcome,
  NeededSnapshot,
  ProposalOutcome,
  RaftConfig,
  ReadOutcome,
  Ready,
  Role,
  StoredState,
  TransferOutcome,
} from './ready.ts';
