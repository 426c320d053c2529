import type { Entry, RaftMessage, Ready } from '@varve/raft';
import type { Applied, RaftPeer } from './raft-peer.ts';

/** What is remembered of a peer's run, to see that nothing goes back. */
interface Seen {
  run: number;
  term: number;
  commitIndex: number;
  appliedIndex: number;
  isLeader: boolean;
}

/**
 * What must hold at every step, watched from outside of the peers: it remembers for ever what a peer may forget in a
 * crash. Names of invariants are those of libs/core/raft/README.md.
 */
export class RaftChecks {
  readonly problems: string[] = [];
  /** By index: its term, once any peer called it committed. */
  readonly committed = new Map<number, number>();
  /** By index: what the command there was. */
  readonly commands = new Map<number, number>();
  /** By term. */
  readonly leaders = new Map<number, string>();
  #peers: readonly RaftPeer[] = [];
  readonly #seen = new Map<number, Seen>();
  /** `peer:term` → whom it voted for. */
  readonly #votes = new Map<string, number>();
  /** `index:term` → the term before, and the payload. */
  readonly #entries = new Map<string, { readonly prevTerm: number; readonly payload: string }>();
  /** By index: what everything up to it came to. */
  readonly #states = new Map<number, number>();

  watch(peers: readonly RaftPeer[]): void {
    this.#peers = peers;
  }

  onStart(peer: RaftPeer): void {
    const { term, commitIndex, appliedIndex } = peer.raft!;
    this.#seen.set(peer.id, { run: peer.run, term, commitIndex, appliedIndex, isLeader: false });
  }

  /** After anything that may have changed a peer. */
  observe(peer: RaftPeer): void {
    const raft = peer.raft!;
    const seen = this.#seen.get(peer.id)!;
    const { term, commitIndex, appliedIndex, lastIndex } = raft;
    if (term < seen.term || commitIndex < seen.commitIndex || appliedIndex < seen.appliedIndex) this.#fail(peer, 'S5: something went back');
    if (appliedIndex > commitIndex || commitIndex > lastIndex) this.#fail(peer, `S5: ${appliedIndex} ≤ ${commitIndex} ≤ ${lastIndex}`);
    for (let index = Math.max(seen.commitIndex, raft.compactedIndex) + 1; index <= commitIndex; index += 1) this.#onCommitted(peer, index);
    const isLeader = raft.role === 'leader';
    if (isLeader && (!seen.isLeader || term !== seen.term)) this.#onElected(peer);
    Object.assign(seen, { term, commitIndex, appliedIndex, isLeader });
  }

  /** S11: same index and term, same entry and same entry before. Called before the write. */
  onPersist(peer: RaftPeer, { entries }: Ready): void {
    entries.forEach((entry, at) => {
      const before = entries[at - 1] ?? entryAt(peer, entry.index - 1);
      const known = this.#entries.get(`${entry.index}:${entry.term}`);
      const now = { prevTerm: before?.term ?? 0, payload: entry.payload.join() };
      if (known === undefined) this.#entries.set(`${entry.index}:${entry.term}`, now);
      else if (known.prevTerm !== now.prevTerm || known.payload !== now.payload) this.#fail(peer, `S11: entry ${entry.term}:${entry.index} differs`);
    });
  }

  /** S6: one vote in a term, across crashes. */
  onSend(message: RaftMessage): void {
    const { kind, from, to, term } = message;
    if (kind === 'vote') this.#onVote(from, term, from);
    if (kind === 'voteReply' && message.isGranted) this.#onVote(from, term, to);
  }

  onApply(peer: RaftPeer, { index, term, payload }: Entry): void {
    if (payload.length > 0) this.commands.set(index, commandOf(payload));
    if (index !== peer.applied.index + 1) this.#fail(peer, `applies ${index} after ${peer.applied.index}`);
    if (this.committed.get(index) !== term) this.#fail(peer, `S3: applies ${term}:${index}, committed was ${this.committed.get(index)}`);
    if (!isDurable(peer, index, term)) this.#fail(peer, `S4: applies ${term}:${index} which is not on its disk`);
  }

  /** State machine safety: at one index all are the same. */
  onState(peer: RaftPeer, { index, hash }: Applied): void {
    const known = this.#states.get(index) ?? hash;
    this.#states.set(index, known);
    if (known !== hash) this.#fail(peer, `S3: the state at ${index} differs`);
  }

  /** S4: what is called committed is on a quorum of disks, and S3: it is what everybody else calls so. */
  #onCommitted(peer: RaftPeer, index: number): void {
    const term = peer.raft!.termAt(index);
    const known = this.committed.get(index);
    if (known !== undefined && known !== term) this.#fail(peer, `S3: ${term}:${index} is committed, and so was ${known}:${index}`);
    if (known !== undefined) return;
    this.committed.set(index, term);
    const durableCount = this.#peers.filter((each) => isDurable(each, index, term)).length;
    if (2 * durableCount <= this.#peers.length) this.#fail(peer, `S4: ${term}:${index} is committed, on ${durableCount} disks`);
  }

  #onElected(peer: RaftPeer): void {
    const raft = peer.raft!;
    const who = `${peer.id} in run ${peer.run}`;
    const other = this.leaders.get(raft.term) ?? who;
    this.leaders.set(raft.term, who);
    if (other !== who) this.#fail(peer, `S1: term ${raft.term} is led by ${other} and ${who}`);
    for (const [index, term] of this.committed) {
      const isThere = index <= raft.compactedIndex || (index <= raft.lastIndex && raft.termAt(index) === term);
      if (!isThere) return this.#fail(peer, `S3: leads without the committed entry ${term}:${index}`);
    }
  }

  #onVote(voter: number, term: number, candidate: number): void {
    const known = this.#votes.get(`${voter}:${term}`) ?? candidate;
    this.#votes.set(`${voter}:${term}`, known);
    if (known !== candidate) this.problems.push(`S6: peer ${voter} votes for ${known} and ${candidate} in term ${term}`);
  }

  #fail(peer: RaftPeer, what: string): void {
    this.problems.push(`peer ${peer.id}: ${what}`);
  }
}

/** A payload of four bytes. */
export function commandOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

function isDurable({ disk, snapshot }: RaftPeer, index: number, term: number): boolean {
  if (index <= snapshot.index) return true;
  return disk.entries[index - disk.compactedIndex - 1]?.term === term;
}

function entryAt({ disk }: RaftPeer, index: number): { readonly term: number } | undefined {
  if (index === disk.compactedIndex) return { term: disk.compactedTerm };
  return disk.entries[index - disk.compactedIndex - 1];
}
