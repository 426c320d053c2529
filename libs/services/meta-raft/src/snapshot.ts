import type { CatalogSnapshot, CatalogStore, Log, RaftLogStore, StoredHardState } from '@varve/ports';
import type { Raft } from '@varve/raft';
import type { CatalogMachine } from './catalog-machine.ts';

export interface SnapshotPorts {
  readonly log: Log;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
}

/**
 * Takes a snapshot when enough was applied since the last one, and cuts the log behind it. A catalog is never changed, so
 * that entries are applied while an earlier one is being saved.
 */
export class Snapshots {
  readonly #raft: Raft;
  readonly #machine: CatalogMachine;
  readonly #ports: SnapshotPorts;
  readonly #entryCount: number;
  /** Of the last one that was begun. */
  #lastIndex: number;
  #saving: Promise<void> | undefined;
  /** Durable, and the log is not cut behind it yet. */
  #saved: CatalogSnapshot | undefined;

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

  /** How far the last one reaches, or will when it is saved. */
  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Enough was applied since the last one, and none is under way. */
  get isDue(): boolean {
    return this.#raft.appliedIndex - this.#lastIndex >= this.#entryCount && !this.isUnderWay && !this.canCut;
  }

  get isUnderWay(): boolean {
    return this.#saving !== undefined;
  }

  /** One is durable, and the log can be cut behind it. */
  get canCut(): boolean {
    return this.#saved !== undefined;
  }

  /** Saves what is applied now; a large catalog takes a while. One at a time: this one, or that which is under way. */
  begin(): Promise<void> {
    this.#saving ??= this.#save(this.current()).finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  /** Resolves when none is under way. Who has begun it is told of failures. */
  async settled(): Promise<void> {
    await this.#saving?.catch(() => undefined);
  }

  /**
   * The log is cut only when the snapshot is durable; a crash in between leaves both, and they fit. Half of what may come
   * between two snapshots stays, for peers that are a little behind.
   */
  async maybeCut(): Promise<void> {
    const appliedIndex = this.#saved?.appliedIndex;
    this.#saved = undefined;
    if (appliedIndex === undefined) return;
    const throughIndex = appliedIndex - Math.floor(this.#entryCount / 2);
    if (throughIndex > this.#raft.compactedIndex) {
      await this.#ports.raftLog.compact(throughIndex, this.#raft.termAt(throughIndex), this.#raft.membershipAt(throughIndex));
      this.#raft.compact(throughIndex);
    }
    this.#ports.log.debug('Catalog snapshot taken', { appliedIndex });
  }

  /** One that came too late changes nothing. The catalog first, then the log: a crash in between is seen at the next start. */
  async maybeInstall(snapshot: CatalogSnapshot): Promise<void> {
    const { appliedIndex: index, appliedTerm: term, membership, catalog } = snapshot;
    if (index <= this.#raft.appliedIndex) return;
    await this.settled();
    this.#saving = this.#adopt(snapshot).finally(() => (this.#saving = undefined));
    await this.#saving;
    this.#saved = undefined; // the log is cut here and now
    this.#raft.restore({ index, term, membership });
    this.#machine.replace(catalog, index);
    this.#ports.log.info('Catalog taken over from another meta node', { appliedIndex: index, catalogVersion: catalog.version });
  }

  /** The term of another peer's snapshot may be newer than any that this one has heard of: then no vote was given in it. */
  async #adopt(snapshot: CatalogSnapshot): Promise<void> {
    const { raftLog } = this.#ports;
    await raftLog.persist({ ...termWith(this.#raft.hardState, snapshot), commitIndex: this.#raft.compactedIndex }, []);
    await this.#save(snapshot);
    await raftLog.compact(snapshot.appliedIndex, snapshot.appliedTerm, snapshot.membership);
  }

  async #save(snapshot: CatalogSnapshot): Promise<void> {
    if (snapshot.appliedIndex === this.#lastIndex) return;
    this.#lastIndex = snapshot.appliedIndex;
    await this.#ports.catalogStore.save(snapshot, this.#machine.takeAudit());
    this.#saved = snapshot;
  }
}

/** The hard state of a peer that takes this snapshot over. */
export function termWith(hardState: StoredHardState, { appliedTerm }: CatalogSnapshot): StoredHardState {
  return appliedTerm > hardState.term ? { ...hardState, term: appliedTerm, votedFor: 0 } : hardState;
}
