import { assert } from '@varve/base';
import type { RaftLogStore, StoredEntry, StoredHardState, StoredRaft } from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** A {@link RaftLogStore} on a simulated disk. */
export class SimRaftLogStore implements RaftLogStore {
  readonly #content: { raft: StoredRaft };
  readonly #file: SimFile;

  constructor(process: SimProcess, disk: SimDisk) {
    this.#content = disk.file('raft', () => ({ raft: EMPTY_RAFT }));
    this.#file = new SimFile(process, disk, { name: 'raft', isBrokenByFailure: true });
  }

  async load(): Promise<StoredRaft> {
    return this.#file.read('log', () => structuredClone(this.#content.raft));
  }

  async persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): Promise<void> {
    const copies = structuredClone(entries);
    await this.#file.write('persist', () => {
      const { raft } = this.#content;
      this.#content.raft = { ...raft, hardState: hardState ?? raft.hardState, entries: replaced(raft, copies) };
    });
  }

  async compact(throughIndex: number, term: number): Promise<void> {
    await this.#file.write('compact', () => {
      const { raft } = this.#content;
      if (throughIndex <= raft.compactedIndex) return;
      const isSame = raft.entries.some((entry) => entry.index === throughIndex && entry.term === term);
      const entries = isSame ? raft.entries.filter(({ index }) => index > throughIndex) : [];
      this.#content.raft = { ...raft, entries, compactedIndex: throughIndex, compactedTerm: term };
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

const EMPTY_RAFT: StoredRaft = {
  hardState: { term: 0, votedFor: 0, commitIndex: 0 },
  entries: [],
  compactedIndex: 0,
  compactedTerm: 0,
};

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
