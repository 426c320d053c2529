import { DbError } from '@varve/base';
import { EMPTY_CATALOG } from '@varve/model';
import { EMPTY_MEMBERSHIP, type CatalogSnapshot, type CatalogStore, type Log, type RaftLogStore, type StoredRaft } from '@varve/ports';
import { foundingMembership, Raft, type RaftConfig } from '@varve/raft';
import { CatalogMachine } from './catalog-machine.ts';

export interface SnapshotPorts {
  readonly log: Log;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
}

/**
 * The peer as its disk has it: the snapshot's catalog, and Raft with the entries above it.
 * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT
 */
export async function restore(
  { log, raftLog, catalogStore }: SnapshotPorts,
  config: RaftConfig,
  voters: readonly number[],
): Promise<{ readonly raft: Raft; readonly machine: CatalogMachine }> {
  const snapshot = await catalogStore.load();
  const stored = await withInstalled(snapshot, raftLog, voters);
  checkFit(snapshot, stored);
  const appliedIndex = snapshot?.appliedIndex ?? 0;
  log.info('Catalog log restored', { appliedIndex, entryCount: stored.entries.length, term: stored.hardState.term });
  return {
    raft: new Raft(config, { ...stored, membership: foundingMembership(voters), damage: undefined }, appliedIndex),
    machine: new CatalogMachine(snapshot?.catalog ?? EMPTY_CATALOG),
  };
}

/** A crash while another peer's snapshot was installed leaves the snapshot, and a log that had not followed yet: it follows now. */
async function withInstalled(snapshot: CatalogSnapshot | undefined, raftLog: RaftLogStore, voters: readonly number[]): Promise<StoredRaft> {
  const stored = await raftLog.load();
  if (snapshot === undefined || voters.length === 1 || snapshot.appliedIndex <= stored.compactedIndex) return stored;
  const { appliedIndex, appliedTerm } = snapshot;
  const isInLog = stored.entries.some(({ index, term }) => index === appliedIndex && term === appliedTerm);
  // A log that has not even heard of the snapshot's term is not this snapshot's log.
  if (isInLog || appliedTerm > stored.hardState.term) return stored;
  await raftLog.compact(appliedIndex, appliedTerm, EMPTY_MEMBERSHIP);
  return raftLog.load();
}

/** Takes a snapshot when enough was applied since the last one, and cuts the log behind it. */
export class Snapshots {
  readonly #raft: Raft;
  readonly #machine: CatalogMachine;
  readonly #ports: SnapshotPorts;
  readonly #entryCount: number;
  #lastIndex: number;

  constructor(
    parts: { readonly raft: Raft; readonly machine: CatalogMachine },
    ports: SnapshotPorts,
    config: { readonly entryCount: number },
  ) {
    this.#raft = parts.raft;
    this.#machine = parts.machine;
    this.#ports = ports;
    this.#entryCount = config.entryCount;
    this.#lastIndex = parts.raft.appliedIndex;
  }

  /** What a peer needs that has fallen behind the log: all that is applied here. */
  current(): CatalogSnapshot {
    const { appliedIndex } = this.#raft;
    return { appliedIndex, appliedTerm: this.#raft.termAt(appliedIndex), membership: EMPTY_MEMBERSHIP, catalog: this.#machine.catalog };
  }

  /**
   * The log is cut only when the snapshot is durable; a crash in between leaves both, and they fit. Half of what came since
   * the last snapshot stays, for peers that are a little behind.
   */
  async maybeTake(): Promise<void> {
    const snapshot = this.current();
    if (snapshot.appliedIndex - this.#lastIndex < this.#entryCount) return;
    await this.#save(snapshot);
    const throughIndex = Math.max(this.#raft.compactedIndex, snapshot.appliedIndex - Math.floor(this.#entryCount / 2));
    await this.#ports.raftLog.compact(throughIndex, this.#raft.termAt(throughIndex), EMPTY_MEMBERSHIP);
    this.#raft.compact(throughIndex);
    this.#ports.log.debug('Catalog snapshot taken', { appliedIndex: snapshot.appliedIndex });
  }

  /** One that came too late changes nothing. The catalog first, then the log: a crash in between is seen at the next start. */
  async maybeInstall(snapshot: CatalogSnapshot): Promise<void> {
    const { appliedIndex: index, appliedTerm: term, catalog } = snapshot;
    if (index <= this.#raft.appliedIndex) return;
    await this.#save(snapshot);
    const { membership } = this.#raft;
    await this.#ports.raftLog.compact(index, term, membership);
    this.#raft.restore({ index, term, membership });
    this.#machine.replace(catalog);
    this.#ports.log.info('Catalog taken over from another meta node', { appliedIndex: index, catalogVersion: catalog.version });
  }

  async #save(snapshot: CatalogSnapshot): Promise<void> {
    await this.#ports.catalogStore.save(snapshot, this.#machine.takeAudit());
    this.#lastIndex = snapshot.appliedIndex;
  }
}

/** One of the two files alone, or from another time, is damage: going on would lose acknowledged commands. */
function checkFit(snapshot: CatalogSnapshot | undefined, stored: StoredRaft): void {
  const { entries, compactedIndex, hardState, damage } = stored;
  const appliedIndex = snapshot?.appliedIndex ?? 0;
  const lastIndex = compactedIndex + entries.length;
  const facts = { appliedIndex, compactedIndex, lastIndex, commitIndex: hardState.commitIndex };
  if (damage !== undefined)
    throw new DbError('STORAGE_CORRUPT', `the log has lost entries: it ends at ${lastIndex} and had come to ${damage.lastIndex}`, facts);
  if (appliedIndex < compactedIndex)
    throw new DbError(
      'STORAGE_CORRUPT',
      `the catalog snapshot ends at ${appliedIndex}, the log begins after ${compactedIndex}`,
      facts,
    );
  if (appliedIndex > lastIndex)
    throw new DbError(
      'STORAGE_CORRUPT',
      `the catalog snapshot ends at ${appliedIndex}, the log at ${lastIndex}`,
      facts,
    );
  if (hardState.commitIndex > lastIndex)
    throw new DbError(
      'STORAGE_CORRUPT',
      `the log ends at ${lastIndex}, before its committed entry ${hardState.commitIndex}`,
      facts,
    );
  let before = { index: compactedIndex, term: stored.compactedTerm };
  for (const entry of entries) {
    if (entry.index !== before.index + 1 || entry.term < before.term) {
      throw new DbError(
        'STORAGE_CORRUPT',
        `entry ${entry.index} of term ${entry.term} follows entry ${before.index} of term ${before.term}`,
        facts,
      );
    }
    before = entry;
  }
  if (hardState.term < before.term)
    throw new DbError(
      'STORAGE_CORRUPT',
      `the log is of term ${before.term}, its peer of term ${hardState.term}`,
      facts,
    );
}
