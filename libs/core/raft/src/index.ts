export { decodeRaftMessage, encodeRaftMessage } from './message-codec.ts';
export { ENTRY_KINDS } from './raft-log.ts';
export { Raft } from './raft.ts';
export type { RaftMessage } from './message.ts';
export type { Entry } from './raft-log.ts';
export type { HardState, NeededSnapshot, ProposalOutcome, RaftConfig, Ready, Role, StoredState } from './ready.ts';
