export { ENTRY_KINDS } from './raft-log.ts';
export { Raft } from './raft.ts';
export type { Entry } from './raft-log.ts';
export type { HardState, ProposalOutcome, Ready, Role, StoredState } from './raft.ts';
