import { DbError } from '@varve/base';
import { EMPTY_CATALOG } from '@varve/model';
import type { CatalogSnapshot, CatalogStore, Log, RaftLogStore, StoredRaft } from '@varve/ports';
import { Raft, type RaftConfig } from '@varve/raft';
import { CatalogMachine } from './catalog-machine.ts';

export interface SnapshotPorts {
  readonly log: Log;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
}

/** The peer as its disk has it: the snapshot's catalog, and Raft with the entries above it. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT */
export async function restore(
  { log, raftLog, catalogStore }: SnapshotPorts,
  config: RaftConfig,
): Promise<{ readonly raft: Raft; readonly machine: CatalogMachine }> {
  const [snapshot, stored] = await Promise.all([catalogStore.load(), raftLog.load()]);
  checkFit(snapshot, stored);
  const appliedIndex = snapshot?.appliedIndex ?? 0;
  log.info('Catalog log restored', { appliedIndex, entryCount: stored.entries.length, term: stored.hardState.term });
  return {
    raft: new Raft(config, stored, appliedIndex),
    machine: new CatalogMachine(snapshot?.catalog ?? EMPTY_CATALOG),
  };
}

/** Takes a snapshot when enough was applied since the last one, and cuts the log behind it. */
export class Snapshots {
  readonly #raft: Raft;
  readonly #machine: CatalogMachine;
  readonly #ports: SnapshotPorts;
  readonly #entryCount: number;

  constructor(
    parts: { readonly raft: Raft; readonly machine: CatalogMachine },
    ports: SnapshotPorts,
    config: { readonly entryCount: number },
  ) {
    this.#raft = parts.raft;
    this.#machine = parts.machine;
    this.#ports = ports;
    this.#entryCount = config.entryCount;
  }

  /** The log is cut only when the snapshot is durable; a crash in between leaves both, and they fit. */
  async maybeTake(): Promise<void> {
    const { appliedIndex, compactedIndex } = this.#raft;
    if (appliedIndex - compactedIndex < this.#entryCount) return;
    const appliedTerm = this.#raft.termAt(appliedIndex);
    await this.#ports.catalogStore.save(
      { appliedIndex, appliedTerm, catalog: this.#machine.catalog },
      this.#machine.takeAudit(),
    );
    await this.#ports.raftLog.compact(appliedIndex, appliedTerm);
    this.#raft.compact(appliedIndex);
    this.#ports.log.debug('Catalog snapshot taken', { appliedIndex });
  }
}

/** One of the two files alone, or from another time, is damage: going on would lose acknowledged commands. */
function checkFit(snapshot: CatalogSnapshot | undefined, stored: StoredRaft): void {
  const { entries, compactedIndex, hardState } = stored;
  const appliedIndex = snapshot?.appliedIndex ?? 0;
  const lastIndex = compactedIndex + entries.length;
  const facts = { appliedIndex, compactedIndex, lastIndex, commitIndex: hardState.commitIndex };
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
