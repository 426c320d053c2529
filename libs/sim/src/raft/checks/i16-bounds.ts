import type { Entry, RaftMessage } from '@varve/raft';
import type { RaftSettings } from '../raft-settings.ts';
import type { Fail, RaftCheck } from './raft-check.ts';

/**
 * I16: what waits is bounded: appends under way to a follower, the size of each, entries that wait for a quorum, and
 * messages of one Ready.
 */
export function bounds(fail: Fail, settings: RaftSettings): RaftCheck {
  /** `from, to` → appends with entries since anything came back. */
  const underWay = new Map<number, number>();
  const onAppend = (from: number, to: number, entries: readonly Entry[]): void => {
    const sizeBytes = entries.reduce((sum, { payload }) => sum + payload.length, 0);
    if (entries.length > 1 && sizeBytes > settings.appendSizeBytesMax) fail(from, `sends ${sizeBytes} bytes at once`);
    if (entries.length === 0) return;
    const count = (underWay.get(from * PEER_MAX + to) ?? 0) + 1;
    underWay.set(from * PEER_MAX + to, count);
    if (count > settings.inFlightCountMax) fail(from, `has ${count} appends under way to peer ${to}`);
  };
  return {
    onStart: (peer) => {
      for (const link of underWay.keys()) if (Math.floor(link / PEER_MAX) === peer.id) underWay.delete(link);
    },
    onStep: ({ peer, raft, before, now, isElected }) => {
      if (isElected) for (const link of underWay.keys()) if (Math.floor(link / PEER_MAX) === peer.id) underWay.delete(link);
      // Entries of earlier terms were not taken by this leader, and the last one may be as large as it likes.
      if (now.role !== 'leader' || now.lastIndex === before.lastIndex) return;
      let countOfTerm = 0;
      for (let index = now.lastIndex; index > now.commitIndex && raft.termAt(index) === now.term; index -= 1) countOfTerm += 1;
      const countMax = settings.uncommittedSizeBytesMax / ENTRY_BYTES + 4;
      if (countOfTerm > countMax) fail(peer.id, `has taken ${countOfTerm} entries that wait for a quorum`);
    },
    onReady: (peer, { messages, appends }) => {
      const count = messages.length + appends.length;
      if (count > READY_COUNT_MAX) fail(peer.id, `sends ${count} messages at once`);
    },
    onSend: (_peer, message: RaftMessage) => {
      if (message.kind === 'append') onAppend(message.from, message.to, message.entries);
    },
    onDeliver: (_peer, { from, to }) => void underWay.delete(to * PEER_MAX + from),
  };
}

const PEER_MAX = 1_000;
/** What a command counts for; the first entry of a term and memberships come in addition. */
const ENTRY_BYTES = 40;
/** Answers that wait for a persist, and appends to everybody. */
const READY_COUNT_MAX = 1_200;
