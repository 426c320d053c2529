import { DbError } from '@varve/base';
import { EMPTY_CATALOG } from '@varve/model';
import type { CatalogSnapshot, CatalogStore, RaftLogStore, StoredRaft } from '@varve/ports';
import { foundingMembership, membersOf, Raft, storedMembership, type RaftConfig, type StoredState } from '@varve/raft';
import { CatalogMachine } from './catalog-machine.ts';

export interface RestorePorts {
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
}

/** A peer as its disk has it. */
export interface StoredPeer {
  readonly state: StoredState;
  readonly snapshot: CatalogSnapshot | undefined;
  /** The log begins behind a snapshot that is not there any more: another peer's has to take its place. */
  readonly isSnapshotLost: boolean;
}

/**
 * What is on the disk, checked. Only a peer that others can help may have lost something.
 * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT
 */
export async function readDisk({ raftLog, catalogStore }: RestorePorts, voters: readonly number[], self: number): Promise<StoredPeer> {
  const snapshot = await catalogStore.load();
  const stored = await raftLog.load();
  const known = storedMembership(stored).membership;
  const hasOthers = (known.voters.length > 0 ? membersOf(known) : voters).some((id) => id !== self);
  const state = stateOf(hasOthers ? await withInstalled(snapshot, stored, raftLog) : stored, voters);
  const isSnapshotLost = hasOthers && snapshot === undefined && state.compactedIndex > 0;
  checkFit(isSnapshotLost ? state.compactedIndex : (snapshot?.appliedIndex ?? 0), state, hasOthers);
  return { state, snapshot, isSnapshotLost };
}

/** Raft and the catalog, to go on where they were. */
export function restore({ state, snapshot }: StoredPeer, config: RaftConfig): { readonly raft: Raft; readonly machine: CatalogMachine } {
  const { appliedIndex, catalog } = snapshot ?? { appliedIndex: 0, catalog: EMPTY_CATALOG };
  return { raft: new Raft(config, state, appliedIndex), machine: new CatalogMachine(catalog, appliedIndex) };
}

/** A crash while another peer's snapshot was installed leaves the snapshot, and a log that had not followed yet: it follows now. */
async function withInstalled(snapshot: CatalogSnapshot | undefined, stored: StoredRaft, raftLog: RaftLogStore): Promise<StoredRaft> {
  if (snapshot === undefined || snapshot.appliedIndex <= stored.compactedIndex) return stored;
  const { appliedIndex, appliedTerm, membership } = snapshot;
  const isInLog = stored.entries.some(({ index, term }) => index === appliedIndex && term === appliedTerm);
  // A log that has not even heard of the snapshot's term is not this snapshot's log.
  if (isInLog || appliedTerm > stored.hardState.term) return stored;
  await raftLog.compact(appliedIndex, appliedTerm, membership);
  return raftLog.load();
}

/** Logs of release 0.1.0 do not say who is a member: those that are configured are. */
function stateOf({ damage, ...stored }: StoredRaft, voters: readonly number[]): StoredState {
  const isOld = storedMembership(stored).membership.voters.length === 0 && (stored.compactedIndex > 0 || stored.entries.length > 0);
  const membership = isOld ? foundingMembership(voters) : stored.membership;
  return { ...stored, membership, damage: damage && { lastIndex: damage.lastIndex, lastTerm: damage.term } };
}

/** One of the two files alone, or from another time, is damage: going on would lose acknowledged commands. */
function checkFit(appliedIndex: number, { entries, compactedIndex, compactedTerm, hardState, damage }: StoredState, hasOthers: boolean): void {
  const lastIndex = compactedIndex + entries.length;
  const facts = { appliedIndex, compactedIndex, lastIndex, commitIndex: hardState.commitIndex };
  const check = (isFit: boolean, problem: string): void => {
    if (!isFit) throw new DbError('STORAGE_CORRUPT', problem, facts);
  };
  check(damage === undefined || hasOthers, `the catalog log has lost entries: it ends at ${lastIndex} and had come to ${damage?.lastIndex}`);
  check(appliedIndex >= compactedIndex, `the catalog snapshot ends at ${appliedIndex}, the log begins after ${compactedIndex}`);
  check(appliedIndex <= lastIndex, `the catalog snapshot ends at ${appliedIndex}, the log at ${lastIndex}`);
  check(hardState.commitIndex <= Math.max(lastIndex, damage?.lastIndex ?? 0), `the log ends at ${lastIndex}, before its committed entry ${hardState.commitIndex}`);
  let before = { index: compactedIndex, term: compactedTerm };
  for (const entry of entries) {
    const isNext = entry.index === before.index + 1 && entry.term >= before.term;
    check(isNext, `entry ${entry.index} of term ${entry.term} follows entry ${before.index} of term ${before.term}`);
    before = entry;
  }
  check(hardState.term >= before.term, `the log is of term ${before.term}, its peer of term ${hardState.term}`);
}
