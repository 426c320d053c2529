import type { CommandResult } from '@varve/model';
import type { CatalogSnapshot, RaftLogStore } from '@varve/ports';
import type { Entry, NeededSnapshot, Raft, RaftMessage, Ready } from '@varve/raft';
import type { CatalogMachine } from './catalog-machine.ts';
import type { Snapshots } from './snapshot.ts';

export interface RaftLoopPorts {
  readonly raftLog: RaftLogStore;
  readonly send: (message: RaftMessage) => void;
  /** Called after each applied entry, with what it answered. */
  readonly onApplied: (entry: Entry, result: CommandResult | undefined) => void;
  /** Called when all that a Ready asked for is done: this peer's role may have changed. */
  readonly onAdvanced: () => void;
  /** Somebody has the snapshot that this peer needs: `install` is to be called with it. It is asked for again while it is needed. */
  readonly onSnapshotNeeded: (needed: NeededSnapshot) => void;
  /** Called at most once: whether the last write is on disk is unknown then. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The one place that drives Raft: does what it asks for, in its order, until it asks for nothing more. M1: persist comes
 * before everything else. Proposals and messages that arrive during a persist share the next one. A log that cannot be
 * written ends the loop: no later answer would be worth anything.
 */
export class RaftLoop {
  readonly #raft: Raft;
  readonly #machine: CatalogMachine;
  readonly #snapshots: Snapshots;
  readonly #ports: RaftLoopPorts;
  #running: Promise<void> | undefined;
  #received: CatalogSnapshot | undefined;
  #failure: unknown;

  constructor(
    parts: { readonly raft: Raft; readonly machine: CatalogMachine; readonly snapshots: Snapshots },
    ports: RaftLoopPorts,
  ) {
    this.#raft = parts.raft;
    this.#machine = parts.machine;
    this.#snapshots = parts.snapshots;
    this.#ports = ports;
  }

  /** Why it ended; undefined while all is well. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Goes on when there is something to do. */
  wake(): void {
    this.run().catch(() => undefined); // `onFailure` has been told.
  }

  /** Replaces the catalog by a newer one that another peer had, in its turn. */
  install(snapshot: CatalogSnapshot): void {
    this.#received = snapshot;
    this.wake();
  }

  /** Resolves when nothing is left to do. Rejects when the loop has failed, now or earlier. */
  run(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    if (!this.#hasWork()) return Promise.resolve();
    this.#running ??= this.#drain();
    return this.#running;
  }

  #hasWork(): boolean {
    return this.#received !== undefined || this.#raft.hasReady();
  }

  async #drain(): Promise<void> {
    try {
      // Left without an await after the check: whoever comes later finds no loop running, and starts one.
      while (this.#hasWork()) {
        await this.#installReceived();
        const ready = this.#raft.takeReady();
        if (ready !== undefined) await this.#do(ready);
        await this.#snapshots.maybeTake();
      }
      this.#running = undefined;
    } catch (error) {
      this.#failure = error;
      this.#ports.onFailure(error);
      throw error;
    }
  }

  async #do(ready: Ready): Promise<void> {
    const { appends, hardState, entries, messages, committed, snapshot } = ready;
    const { raftLog, send, onApplied, onAdvanced, onSnapshotNeeded } = this.#ports;
    for (const message of appends) send(message); // they promise nothing, and a follower's disk need not wait for this one's
    if (hardState !== undefined || entries.length > 0) await raftLog.persist(hardState, entries);
    for (const message of messages) send(message);
    for (const entry of committed) onApplied(entry, this.#machine.apply(entry));
    this.#raft.advance(ready);
    onAdvanced();
    if (snapshot !== undefined) onSnapshotNeeded(snapshot);
  }

  async #installReceived(): Promise<void> {
    const received = this.#received;
    this.#received = undefined;
    if (received !== undefined) await this.#snapshots.maybeInstall(received);
  }
}
