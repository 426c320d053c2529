import type { Fail, RaftCheck } from './raft-check.ts';

/** I12: a peer votes for one candidate in a term, whatever it has forgotten in between. Both what it says and what it stores. */
export function oneVote(fail: Fail): RaftCheck {
  const votes = new Map<number, number>();
  const onVote = (voter: number, term: number, candidate: number): void => {
    const key = term * PEER_MAX + voter;
    const known = votes.get(key) ?? candidate;
    votes.set(key, known);
    if (known !== candidate) fail(voter, `votes for ${candidate} in term ${term}, and has for ${known}`);
  };
  return {
    onSend: (peer, message) => {
      if (message.kind === 'vote') onVote(peer.id, message.term, peer.id);
      if (message.kind === 'voteReply' && message.isGranted) onVote(peer.id, message.term, message.to);
    },
    onDurable: (peer, records) => {
      for (const record of records) {
        if (record.kind !== 'hardState') continue;
        const { term, votedFor } = record.hardState;
        if (votedFor !== 0) onVote(peer.id, term, votedFor);
        else if (votes.has(term * PEER_MAX + peer.id)) fail(peer.id, `forgets for whom it has voted in term ${term}`);
      }
    },
  };
}

const PEER_MAX = 1_000;
