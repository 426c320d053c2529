export { EMPTY_MEMBERSHIP, foundingMembership, isMember, isVoter } from './membership.ts';
export { decodeRaftMessage, encodeRaftMessage } from './message-codec.ts';
export { ENTRY_KINDS } from './raft-log.ts';
export { foundingState } from './founding-state.ts';
export { Raft } from './raft.ts';
export type { Membership, MembershipTarget } from './membership.ts';
export type { RaftMessage } from './message.ts';
export type { Entry } from './raft-log.ts';
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
