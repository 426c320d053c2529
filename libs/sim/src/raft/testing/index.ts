export { PLANTED_RAFT_BUGS, plantRaftBug } from './planted-raft-bugs.ts';
