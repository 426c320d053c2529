import { assert, DbError } from '@varve/base';
import {
  EMPTY_MEMBERSHIP,
  type KnownPeer,
  type RaftIdentity,
  type RaftLogStore,
  type StoredEntry,
  type StoredHardState,
  type StoredMembership,
  type StoredRaft,
} from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** What becomes of a log while nobody looks. It is noticed by the next `begin`, unless it was overwritten before. */
export type RaftLogFault =
  /** Bit rot, or a write that went somewhere else. */
  | { readonly kind: 'rotEntry'; readonly index: number }
  /** Writes that were acknowledged and have never reached the disk. */
  | { readonly kind: 'loseEntriesAfter'; readonly index: number }
  | { readonly kind: 'rotHardState' };

interface Content {
  identity: RaftIdentity | undefined;
  readonly known: Map<number, KnownPeer>;
  raft: StoredRaft;
  /** The first entry that is not as it was written. */
  firstBadIndex: number | undefined;
  isHardStateBad: boolean;
}

/** A {@link RaftLogStore} on a simulated disk. */
export class SimRaftLogStore implements RaftLogStore {
  readonly #content: Content;
  readonly #diskName: string;
  readonly #file: SimFile;
  #hasBegun = false;

  constructor(process: SimProcess, disk: SimDisk) {
    this.#content = contentOf(disk);
    this.#diskName = disk.name;
    this.#file = new SimFile(process, disk, { name: 'raft', isBrokenByFailure: true });
  }

  async begin(who: {
    readonly clusterId: string;
    readonly peerId: number;
    readonly newDiskId: string;
  }): Promise<{ readonly identity: RaftIdentity; readonly known: readonly KnownPeer[] }> {
    await this.#file.read('identity', () => this.#check(who));
    return this.#file.write('begin', () => {
      const content = this.#content;
      this.#hasBegun = true;
      const { clusterId, peerId, newDiskId } = who;
      const { diskId, boot } = content.identity ?? { diskId: newDiskId, boot: 0 };
      content.identity = { clusterId, peerId, diskId, boot: boot + 1 };
      content.raft = withoutBadEntries(content);
      content.firstBadIndex = undefined;
      return { identity: content.identity, known: [...content.known.values()].toSorted((left, right) => left.peerId - right.peerId) };
    });
  }

  async remember(peer: KnownPeer): Promise<void> {
    await this.#write('remember', ({ known }) => {
      const before = known.get(peer.peerId);
      if (before?.diskId !== peer.diskId || before.boot < peer.boot) known.set(peer.peerId, { ...peer });
    });
  }

  async load(): Promise<StoredRaft> {
    return this.#file.read('log', () => {
      assert(this.#hasBegun, 'a Raft log begins before anything else');
      return structuredClone(this.#content.raft);
    });
  }

  async persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): Promise<void> {
    const copies = structuredClone(entries);
    await this.#write('persist', (content) => {
      const { raft } = content;
      content.raft = { ...raft, hardState: hardState ?? raft.hardState, entries: replaced(raft, copies) };
      if (copies[0] !== undefined && copies[0].index <= (content.firstBadIndex ?? 0)) content.firstBadIndex = undefined;
    });
  }

  async compact(throughIndex: number, term: number, membership: StoredMembership): Promise<void> {
    await this.#write('compact', (content) => {
      const { raft } = content;
      if (throughIndex <= raft.compactedIndex) return;
      const isSame = raft.entries.some((entry) => entry.index === throughIndex && entry.term === term);
      const entries = isSame ? raft.entries.filter(({ index }) => index > throughIndex) : [];
      content.raft = { ...raft, entries, compactedIndex: throughIndex, compactedTerm: term, membership: structuredClone(membership) };
      if (!isSame || throughIndex >= (content.firstBadIndex ?? 0)) content.firstBadIndex = undefined;
    });
  }

  async recovered(): Promise<void> {
    await this.#write('recovered', (content) => {
      const { damage: _, ...sound } = content.raft;
      content.raft = sound;
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #write(what: string, change: (content: Content) => void): Promise<void> {
    return this.#file.write(what, () => {
      assert(this.#hasBegun, 'a Raft log begins before anything else');
      change(this.#content);
      this.#content.isHardStateBad = false; // each write replaces it
    });
  }

  #check(who: { readonly clusterId: string; readonly peerId: number }): void {
    const { identity, isHardStateBad } = this.#content;
    if (identity !== undefined && (identity.clusterId !== who.clusterId || identity.peerId !== who.peerId)) {
      const sentence = `disk ${this.#diskName} belongs to meta peer ${identity.peerId} of cluster "${identity.clusterId}", not to meta peer ${who.peerId} of cluster "${who.clusterId}"`;
      throw new DbError('META_IDENTITY', sentence);
    }
    if (isHardStateBad) throw new DbError('STORAGE_CORRUPT', `the hard state on disk ${this.#diskName} is damaged`);
  }
}

/** Does damage to the log on a disk. */
export function damageRaftLog(disk: SimDisk, fault: RaftLogFault): void {
  const content = contentOf(disk);
  if (fault.kind === 'rotHardState') {
    content.isHardStateBad = true;
    return;
  }
  const badIndex = fault.kind === 'rotEntry' ? fault.index : fault.index + 1;
  const isThere = content.raft.entries.some(({ index }) => index === badIndex);
  if (isThere) content.firstBadIndex = Math.min(badIndex, content.firstBadIndex ?? badIndex);
}

function contentOf(disk: SimDisk): Content {
  return disk.file('raft', () => ({ identity: undefined, known: new Map(), raft: EMPTY_RAFT, firstBadIndex: undefined, isHardStateBad: false }));
}

const EMPTY_RAFT: StoredRaft = {
  hardState: { term: 0, votedFor: 0, commitIndex: 0 },
  entries: [],
  compactedIndex: 0,
  compactedTerm: 0,
  membership: EMPTY_MEMBERSHIP,
};

function withoutBadEntries({ raft, firstBadIndex }: Content): StoredRaft {
  const last = raft.entries.at(-1);
  if (firstBadIndex === undefined || last === undefined) return raft;
  const { hardState, compactedIndex, damage = { lastIndex: 0, term: 0 } } = raft;
  return {
    ...raft,
    hardState: { ...hardState, commitIndex: Math.min(hardState.commitIndex, compactedIndex) },
    entries: raft.entries.filter(({ index }) => index < firstBadIndex),
    damage: { lastIndex: Math.max(damage.lastIndex, last.index), term: Math.max(damage.term, last.term) },
  };
}

function replaced(
  { entries: stored, compactedIndex }: StoredRaft,
  entries: readonly StoredEntry[],
): readonly StoredEntry[] {
  const first = entries[0];
  if (first === undefined) return stored;
  const lastIndex = stored.at(-1)?.index ?? compactedIndex;
  assert(
    compactedIndex < first.index && first.index <= lastIndex + 1,
    `entry ${first.index} on a log ${compactedIndex}..${lastIndex}`,
  );
  return [...stored.filter(({ index }) => index < first.index), ...entries];
}
