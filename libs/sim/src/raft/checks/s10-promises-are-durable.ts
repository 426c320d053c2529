import type { Fail, RaftCheck } from './raft-check.ts';

/** S10: what a message promises is on the disk when it leaves: the entries that are accepted, and the vote, or that its term is over. */
export function promisesAreDurable(fail: Fail): RaftCheck {
  return {
    onSend: ({ id, disk }, message) => {
      const { term, votedFor } = disk.hardState;
      const isKept = term > message.term || (term === message.term && votedFor === message.to);
      if (message.kind === 'voteReply' && message.isGranted && !isKept) {
        fail(id, `votes for ${message.to} in term ${message.term}, and its disk says ${votedFor} in term ${term}`);
      }
      if (message.kind === 'appendAccepted' && Math.max(disk.lastIndex, disk.snapshot.index) < message.matchIndex) {
        fail(id, `accepts ${message.matchIndex} entries, and its disk has ${disk.lastIndex}`);
      }
    },
  };
}
