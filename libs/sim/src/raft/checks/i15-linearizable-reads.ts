import type { Fail, RaftCheck } from './raft-check.ts';

/** I15: a read sees every write that was acknowledged before it began, and whatever a read that ended before has seen. */
export function linearizableReads(fail: Fail): RaftCheck {
  /** What a read that begins now must see. */
  let floorIndex = 0;
  const floors = new Map<number, number>();
  return {
    onAck: ({ index }) => {
      floorIndex = Math.max(floorIndex, index);
    },
    onReadBegins: (_peer, id) => {
      floors.set(id, floorIndex);
    },
    onRead: (peer, id) => {
      const { appliedIndex } = peer.raft!;
      const floor = floors.get(id);
      // A message that came twice answers twice; the first answer counted.
      if (floor === undefined) return;
      floors.delete(id);
      if (appliedIndex < floor) fail(peer.id, `answers a read from the state at ${appliedIndex}, and ${floor} was acknowledged before it began`);
      floorIndex = Math.max(floorIndex, appliedIndex);
    },
  };
}
