import type { Fail, RaftCheck } from './raft-check.ts';

/** I11: term, commit and applied index never go back within a run; applied ≤ commit ≤ last; the log begins no later than the snapshot ends. */
export function nothingGoesBack(fail: Fail): RaftCheck {
  return {
    onStep: ({ peer, before, now }) => {
      if (now.term < before.term) fail(peer.id, `the term goes from ${before.term} back to ${now.term}`);
      if (now.commitIndex < before.commitIndex) fail(peer.id, `the commit index goes from ${before.commitIndex} back to ${now.commitIndex}`);
      if (now.appliedIndex < before.appliedIndex) fail(peer.id, `the applied index goes from ${before.appliedIndex} back to ${now.appliedIndex}`);
      if (now.appliedIndex > now.commitIndex) fail(peer.id, `has applied ${now.appliedIndex}, of ${now.commitIndex} that are committed`);
      if (now.commitIndex > now.lastIndex) fail(peer.id, `calls ${now.commitIndex} committed, and its log ends at ${now.lastIndex}`);
    },
    onDurable: (peer) => {
      const { compactedIndex, snapshot } = peer.disk;
      if (compactedIndex > snapshot.index) fail(peer.id, `its log begins behind ${compactedIndex}, its snapshot ends at ${snapshot.index}`);
    },
  };
}
