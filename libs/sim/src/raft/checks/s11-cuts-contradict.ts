import type { Fail, RaftCheck } from './raft-check.ts';

/** S11: entries go only when another one takes their place, or when a snapshot comes that they do not follow. */
export function cutsContradict(fail: Fail): RaftCheck {
  return {
    onStep: ({ peer, now, cutCount, keptThrough, isOtherHistory }) => {
      if (cutCount === 0 || isOtherHistory || now.lastIndex > keptThrough) return;
      fail(peer.id, `cuts ${cutCount} entries above ${keptThrough}, and nothing contradicts them`);
    },
  };
}
