import type { CommandResult } from '@varve/model';
import type { RaftLogStore } from '@varve/ports';
import type { Entry, Raft } from '@varve/raft';
import type { CatalogMachine } from './catalog-machine.ts';
import type { Snapshots } from './snapshot.ts';

export interface RaftLoopPorts {
  readonly raftLog: RaftLogStore;
  /** Called after each applied entry, with what it answered. */
  readonly onApplied: (entry: Entry, result: CommandResult | undefined) => void;
}

/** Does what Raft asks for, in its order, until it asks for nothing more. M1: persist comes before everything else. */
export async function drainReady(
  raft: Raft,
  machine: CatalogMachine,
  { raftLog, onApplied }: RaftLoopPorts,
): Promise<void> {
  for (let ready = raft.takeReady(); ready !== undefined; ready = raft.takeReady()) {
    const { hardState, entries, committed } = ready;
    if (hardState !== undefined || entries.length > 0) await raftLog.persist(hardState, entries);
    for (const entry of committed) onApplied(entry, machine.apply(entry));
    raft.advance(ready);
  }
}

/**
 * The one place that drives Raft. Proposals that arrive during a persist share the next one. A log that cannot be
 * written ends it: whether the last write is on disk is unknown, and no later answer would be worth anything.
 */
export class RaftLoop {
  readonly #raft: Raft;
  readonly #machine: CatalogMachine;
  readonly #snapshots: Snapshots;
  readonly #ports: RaftLoopPorts;
  #running: Promise<void> | undefined;
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

  /** Goes on when there is something to do. `onFailure` is called at most once, by the run that fails. */
  wake(onFailure: (error: unknown) => void): void {
    if (this.#running === undefined && this.#failure === undefined) this.run().catch(onFailure);
  }

  /** Resolves when nothing is left to do. Rejects when the loop has failed, now or earlier. */
  run(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error);
    if (!this.#raft.hasReady()) return Promise.resolve();
    this.#running ??= this.#drain();
    return this.#running;
  }

  async #drain(): Promise<void> {
    try {
      // Left without an await after the check: whoever proposes later finds no loop running, and starts one.
      while (this.#raft.hasReady()) {
        await drainReady(this.#raft, this.#machine, this.#ports);
        await this.#snapshots.maybeTake();
      }
      this.#running = undefined;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
