import { DbError } from '@varve/base';
import type { CommandResult } from '@varve/model';
import type { CatalogSnapshot, Clock, Metrics, RaftLogStore } from '@varve/ports';
import { ENTRY_KINDS, type ConfirmedRead, type Entry, type NeededSnapshot, type Raft, type RaftMessage, type Ready } from '@varve/raft';
import { metrics as names } from '@varve/telemetry';
import type { CatalogMachine } from './catalog-machine.ts';
import type { Snapshots } from './snapshot.ts';

export interface RaftLoopPorts {
  readonly raftLog: RaftLogStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly send: (message: RaftMessage) => void;
  /** Called after each applied entry, with what it answered. */
  readonly onApplied: (entry: Entry, result: CommandResult | undefined) => void;
  /** A read may be answered once its index is applied. */
  readonly onRead: (read: ConfirmedRead) => void;
  /** Called when all that a Ready asked for is done: this peer's role may have changed. */
  readonly onAdvanced: () => void;
  /** Somebody has the snapshot that this peer needs: `install` is to be called with it. It is asked for again while it is needed. */
  readonly onSnapshotNeeded: (needed: NeededSnapshot) => void;
  /** Called at most once: whether the last write is on disk is unknown then. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The one place that drives Raft: does what it asks for, in its order, until it asks for nothing more. M1: what promises
 * something leaves after the persist. Proposals and messages that arrive during a persist share the next one. A log that
 * cannot be written ends the loop: no later answer would be worth anything.
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

  /** Takes a snapshot now, however little has been applied since the last one. Resolves when the log is cut behind it. @returns how far it reaches */
  async takeSnapshot(): Promise<number> {
    await this.#snapshots.settled(); // one that is under way may be of an earlier state
    const saving = this.#finished(this.#snapshots.begin());
    const { lastIndex } = this.#snapshots;
    await saving;
    await this.run();
    return lastIndex;
  }

  /** Resolves when nothing is left to do. Rejects when the loop has failed, now or earlier. */
  run(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    if (this.#running === undefined && this.#hasWork()) this.#running = this.#drain();
    return this.#running ?? Promise.resolve();
  }

  /** Resolves when nothing is left to do, and no snapshot is under way. Rejects as `run`. */
  async finish(): Promise<void> {
    await this.run();
    while (this.#snapshots.isUnderWay) {
      await this.#snapshots.settled();
      await this.run();
    }
  }

  #hasWork(): boolean {
    return this.#received !== undefined || this.#snapshots.canCut || this.#raft.hasReady();
  }

  async #drain(): Promise<void> {
    try {
      // Left without an await after the check: whoever comes later finds no loop running, and starts one.
      while (this.#hasWork()) {
        await this.#installReceived();
        await this.#snapshots.maybeCut();
        const ready = this.#raft.takeReady();
        if (ready !== undefined) await this.#do(ready);
        if (this.#snapshots.isDue) this.#finished(this.#snapshots.begin()).catch(() => undefined);
        if (this.#failure !== undefined) throw this.#failure as Error;
      }
      this.#running = undefined;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** The loop goes on while a snapshot is written, and cuts the log behind it when its turn comes. */
  async #finished(snapshot: Promise<void>): Promise<void> {
    try {
      await snapshot;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    this.wake();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#ports.onFailure(error);
  }

  async #do(ready: Ready): Promise<void> {
    const { raftLog, send, onRead, onAdvanced, onSnapshotNeeded } = this.#ports;
    for (const message of ready.appends) send(message); // they promise nothing, and a follower's disk need not wait for this one's
    await this.#persist(ready);
    for (const message of ready.messages) send(message);
    this.#apply(ready.committed);
    if (ready.isRecovered) await raftLog.recovered();
    this.#raft.advance(ready);
    for (const read of ready.reads) onRead(read);
    onAdvanced();
    if (ready.snapshot !== undefined) onSnapshotNeeded(ready.snapshot);
  }

  async #persist({ hardState, entries }: Ready): Promise<void> {
    if (hardState === undefined && entries.length === 0) return;
    const { raftLog, clock, metrics } = this.#ports;
    const startedMs = clock.monotonicMs();
    await raftLog.persist(hardState, entries);
    metrics.observe(names.raftPersistDuration, (clock.monotonicMs() - startedMs) / 1_000);
  }

  #apply(committed: readonly Entry[]): void {
    if (committed.length === 0) return;
    const { clock, metrics, onApplied } = this.#ports;
    const startedMs = clock.monotonicMs();
    for (const entry of committed) onApplied(entry, this.#applyOne(entry));
    metrics.observe(names.raftApplyDuration, (clock.monotonicMs() - startedMs) / 1_000);
  }

  /** What this version does not know it must not skip: its catalog would differ from everybody else's (R28). */
  #applyOne(entry: Entry): CommandResult | undefined {
    if (entry.kind === ENTRY_KINDS.command) return this.#machine.apply(entry);
    if (entry.kind === ENTRY_KINDS.noOp || entry.kind === ENTRY_KINDS.membership) return this.#machine.pass(entry);
    throw new DbError('STORAGE_NEWER_FORMAT', `entry ${entry.index} of the catalog log is of kind ${entry.kind}, which this version of Varve does not know: upgrade this node`);
  }

  async #installReceived(): Promise<void> {
    const received = this.#received;
    this.#received = undefined;
    if (received !== undefined) await this.#snapshots.maybeInstall(received);
  }
}
