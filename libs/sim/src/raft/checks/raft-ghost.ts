import { EMPTY_MEMBERSHIP, type Entry, type Membership, type Raft, type Role } from '@varve/raft';
import type { RaftPeer } from '../raft-peer.ts';
import { LogShadow, type LogChange } from './log-shadow.ts';

/** What was seen of a peer after its last step. */
export interface Seen {
  readonly run: number;
  readonly role: Role;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly compactedIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly membership: Membership;
  readonly membershipIndex: number;
}

/** An index that a peer calls committed since this step. `known`: the term that was committed there before. */
export interface Commit {
  readonly index: number;
  readonly term: number;
  readonly known: number | undefined;
}

/** What a step of a peer has changed. */
export interface RaftStep extends LogChange {
  readonly peer: RaftPeer;
  readonly raft: Raft;
  readonly before: Seen;
  readonly now: Seen;
  readonly commits: readonly Commit[];
  /** It leads since this step. */
  readonly isElected: boolean;
}

interface CommittedEntry {
  readonly term: number;
  /** Of the leader that committed it. */
  readonly underTerm: number;
}

interface KnownEntry {
  readonly prevTerm: number;
  /** Of its kind and payload, once they were seen. */
  digest: number | undefined;
}

/** What is remembered of a run from outside of the peers, for ever: no crash makes it forget. */
export class RaftGhost {
  peers: readonly RaftPeer[] = [];
  /** Peers whose disk is no more. */
  readonly gone = new Set<number>();
  /** By index, from 1. */
  readonly committed: (CommittedEntry | undefined)[] = [];
  /** By term: who has led it, and since which entry. */
  readonly leaders = new Map<number, { readonly peer: RaftPeer; readonly run: number; readonly firstIndex: number; readonly prevTerm: number }>();
  #membership: Membership = EMPTY_MEMBERSHIP;
  #membershipIndex = 0;
  readonly #entries = new Map<number, KnownEntry>();
  readonly #seen = new Map<number, { seen: Seen; readonly shadow: LogShadow }>();

  /** The greatest index that anybody has called committed. */
  get committedIndex(): number {
    return Math.max(0, this.committed.length - 1);
  }

  /** The newest that anybody has called committed. */
  get membership(): Membership {
    return this.#membership;
  }

  seenOf(peer: RaftPeer): Seen | undefined {
    return this.#seen.get(peer.id)?.seen;
  }

  onStart(peer: RaftPeer): void {
    const raft = peer.raft!;
    this.#seen.set(peer.id, { seen: seenOf(peer, raft), shadow: new LogShadow(raft) });
    this.#commit(raft, 0);
  }

  /** undefined: the step has changed nothing that anybody could see. */
  onStep(peer: RaftPeer): RaftStep | undefined {
    const raft = peer.raft!;
    const known = this.#seen.get(peer.id)!;
    const before = known.seen;
    if (isUnchanged(before, raft)) return undefined;
    const now = seenOf(peer, raft);
    known.seen = now;
    const isElected = now.role === 'leader' && (before.role !== 'leader' || before.term !== now.term);
    return { peer, raft, before, now, ...known.shadow.update(raft), commits: this.#commit(raft, before.commitIndex), isElected };
  }

  /** The entry as it is known, or as it is now: it is the first time that it is seen. */
  entry(index: number, term: number, prevTerm: number): KnownEntry {
    const key = term * INDEX_MAX + index;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = { prevTerm, digest: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Whether the log that ends with (lastIndex, lastTerm) holds the entry, as far as that log was ever seen. */
  isInLogOf(lastIndex: number, lastTerm: number, entry: { readonly index: number; readonly term: number }): boolean {
    let term: number | undefined = lastTerm;
    for (let index = lastIndex; index > entry.index && term !== undefined; index -= 1) {
      term = this.#entries.get(term * INDEX_MAX + index)?.prevTerm;
    }
    return lastIndex >= entry.index && (term === undefined || term === entry.term);
  }

  /** Everything through it is committed by a leader of a term before this one. */
  committedBefore(term: number): number {
    let index = this.committedIndex;
    while (index > 0 && (this.committed[index]?.underTerm ?? 0) >= term) index -= 1;
    return index;
  }

  #commit(raft: Raft, commitIndex: number): readonly Commit[] {
    const commits: Commit[] = [];
    if (raft.commitIndex > this.#membershipIndex && raft.commitIndex > this.committedIndex) {
      this.#membershipIndex = Math.min(raft.membershipIndex, raft.commitIndex);
      this.#membership = raft.membershipAt(raft.commitIndex);
    }
    for (let index = Math.max(commitIndex + 1, raft.compactedIndex); index <= raft.commitIndex; index += 1) {
      if (index === 0) continue;
      const term = raft.termAt(index);
      const known = this.committed[index]?.term;
      commits.push({ index, term, known });
      this.committed[index] ??= { term, underTerm: raft.term };
    }
    return commits;
  }
}

/** Of what an entry is beside its index and term. */
export function digestOf({ kind, payload }: Entry): number {
  return payload.reduce((sum, byte) => (Math.imul(sum ^ byte, 0x01000193) + 0x9e3779b9) >>> 0, kind + 1);
}

const INDEX_MAX = 1_000_000;

function seenOf(peer: RaftPeer, raft: Raft): Seen {
  const { role, term, commitIndex, appliedIndex, compactedIndex, lastIndex, membership, membershipIndex } = raft;
  return { run: peer.run, role, term, commitIndex, appliedIndex, compactedIndex, lastIndex, lastTerm: raft.termAt(lastIndex), membership, membershipIndex };
}

function isUnchanged(before: Seen, raft: Raft): boolean {
  return (
    before.lastIndex === raft.lastIndex &&
    before.commitIndex === raft.commitIndex &&
    before.appliedIndex === raft.appliedIndex &&
    before.term === raft.term &&
    before.role === raft.role &&
    before.compactedIndex === raft.compactedIndex &&
    before.membershipIndex === raft.membershipIndex &&
    before.lastTerm === raft.termAt(raft.lastIndex)
  );
}
