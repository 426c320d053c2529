import type { CatalogSnapshot, CatalogStore, Log, RaftLogStore } from '@varve/ports';
import type { Raft } from '@varve/raft';
import type { CatalogMachine } from './catalog-machine.ts';

export interface SnapshotPorts {
  readonly log: Log;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
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

  /** What a peer needs that has fallen behind the log: all that is applied here, and who is a member there. */
  current(): CatalogSnapshot {
    const { appliedIndex } = this.#raft;
    const membership = this.#raft.membershipAt(appliedIndex);
    return { appliedIndex, appliedTerm: this.#raft.termAt(appliedIndex), membership, catalog: this.#machine.catalog };
  }

  async maybeTake(): Promise<void> {
    if (this.#raft.appliedIndex - this.#lastIndex >= this.#entryCount) await this.take();
  }

  /**
   * The log is cut only when the snapshot is durable; a crash in between leaves both, and they fit. Half of what may come
   * between two snapshots stays, for peers that are a little behind.
   */
  async take(): Promise<void> {
    const snapshot = this.current();
    if (snapshot.appliedIndex === this.#lastIndex) return;
    await this.#save(snapshot);
    const throughIndex = Math.max(this.#raft.compactedIndex, snapshot.appliedIndex - Math.floor(this.#entryCount / 2));
    await this.#ports.raftLog.compact(throughIndex, this.#raft.termAt(throughIndex), this.#raft.membershipAt(throughIndex));
    this.#raft.compact(throughIndex);
    this.#ports.log.debug('Catalog snapshot taken', { appliedIndex: snapshot.appliedIndex });
  }

  /** One that came too late changes nothing. The catalog first, then the log: a crash in between is seen at the next start. */
  async maybeInstall(snapshot: CatalogSnapshot): Promise<void> {
    const { appliedIndex: index, appliedTerm: term, membership, catalog } = snapshot;
    if (index <= this.#raft.appliedIndex) return;
    await this.#save(snapshot);
    await this.#ports.raftLog.compact(index, term, membership);
    this.#raft.restore({ index, term, membership });
    this.#machine.replace(catalog, index);
    this.#ports.log.info('Catalog taken over from another meta node', { appliedIndex: index, catalogVersion: catalog.version });
  }

  async #save(snapshot: CatalogSnapshot): Promise<void> {
    await this.#ports.catalogStore.save(snapshot, this.#machine.takeAudit());
    this.#lastIndex = snapshot.appliedIndex;
  }
}
