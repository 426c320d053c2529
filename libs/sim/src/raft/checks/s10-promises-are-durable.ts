import type { Fail, RaftCheck } from './raft-check.ts';

/** S10: what a message promises is on the disk when it leaves: the vote of the term, and the entries that are accepted. */
export function promisesAreDurable(fail: Fail): RaftCheck {
  return {
    onSend: ({ id, disk }, message) => {
      const { term, votedFor } = disk.hardState;
      if (message.kind === 'voteReply' && message.isGranted && (term !== message.term || votedFor !== message.to)) {
        fail(id, `votes for ${message.to} in term ${message.term}, and its disk says ${votedFor} in term ${term}`);
      }
      if (message.kind === 'appendAccepted' && Math.max(disk.lastIndex, disk.snapshot.index) < message.matchIndex) {
        fail(id, `accepts ${message.matchIndex} entries, and its disk has ${disk.lastIndex}`);
      }
    },
  };
}
