import { DbError, type Prng } from '@varve/base';
import type { Gateway } from '@varve/ports';
import { CellModel } from './cell-model.ts';
import { SimEmbedded, type SeamFilter } from './sim-embedded.ts';
import { CALM_NETWORK, type NetworkFaults } from './sim-network.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { DATABASE, readCells, runStatement, Workload, writeRequest } from './workload.ts';

/** What a run came to. No problem: everything acknowledged was there after every restart, and nothing that was never sent. */
export interface EmbeddedRun {
  readonly seed: number;
  /** One sentence per wrong cell or failed restart. */
  readonly problems: readonly string[];
  readonly traceHash: string;
  readonly eventCount: number;
  readonly crashCount: number;
  readonly ackedCount: number;
  readonly cellCount: number;
  /** Crashes that cut off a journal commit, a flush, a trim. */
  readonly interrupted: { readonly write: number; readonly flush: number; readonly trim: number };
}

export interface EmbeddedRunOptions {
  readonly seed: number;
  readonly crashCount?: number;
  /** A planted bug. */
  readonly filter?: SeamFilter;
  /** Gets a line per event. */
  readonly onLine?: (line: string) => void;
}

/** While writing. Frames are delayed, repeated and put out of order: more than a bus may do, and no frame may mind. */
const WRITING: NetworkFaults = { delayMsMin: 0.05, delayMsMax: 20, lossProbability: 0, duplicateProbability: 0.05, reorderProbability: 0.2 };
/** A disk so slow that many crashes find a write under way. */
const WRITING_LATENCY_MS_MAX = 40;
const CALM_LATENCY_MS_MAX = 2;
const WRITER_COUNT = 4;

/**
 * Writes, crashes, restarts and reads the embedded shape: a few writers fight over few cells while the process is killed
 * at random moments. After each restart all is read and compared with the model.
 */
export async function runEmbedded(options: EmbeddedRunOptions): Promise<EmbeddedRun> {
  const run = new Run(options);
  await run.run();
  return run.result();
}

class Run {
  readonly #seed: number;
  readonly #crashCount: number;
  readonly #scheduler: SimScheduler;
  readonly #prng: Prng;
  readonly #model = new CellModel();
  readonly #world: SimEmbedded;
  readonly #problems: string[] = [];
  readonly #interrupted = { write: 0, flush: 0, trim: 0 };
  readonly #workload: Workload;

  constructor({ seed, crashCount = 5, filter = (seams) => seams, onLine }: EmbeddedRunOptions) {
    this.#seed = seed;
    this.#crashCount = crashCount;
    this.#scheduler = new SimScheduler(onLine === undefined ? { seed } : { seed, onLine });
    this.#prng = this.#scheduler.prngOf('workload');
    this.#workload = new Workload(this.#prng);
    this.#world = new SimEmbedded(this.#scheduler, CALM_NETWORK, (seams) => {
      const filtered = filter(seams);
      return { ...filtered, coordinatorBus: this.#model.tap(filtered.coordinatorBus) };
    });
  }

  /** Stops at the first round with a problem: what comes after it says no more. */
  async run(): Promise<void> {
    if (!(await this.#restart())) return;
    await this.#createDatabase();
    for (let crash = 0; crash < this.#crashCount; crash += 1) {
      const { gateway, network, disk } = this.#world;
      network.faults = WRITING;
      disk.latencyMsMax = WRITING_LATENCY_MS_MAX;
      for (let writer = 0; writer < WRITER_COUNT; writer += 1) void this.#write(gateway);
      await this.#scheduler.runFor(this.#prng.between(50, 1_500));
      this.#kill();
      network.faults = CALM_NETWORK;
      disk.latencyMsMax = CALM_LATENCY_MS_MAX;
      if (!(await this.#restart())) return;
      const { cells, failure } = await this.#scheduler.runUntilSettled(readCells(this.#world.gateway));
      this.#problems.push(...(failure === undefined ? [] : [`the read failed: ${failure}`]), ...this.#model.problemsOf(cells));
      if (this.#problems.length > 0) return;
    }
  }

  result(): EmbeddedRun {
    return {
      seed: this.#seed,
      problems: [...this.#problems, ...this.#world.fatal.map((error) => `a process ended itself: ${String(error)}`)],
      traceHash: this.#scheduler.traceHash,
      eventCount: this.#scheduler.eventCount,
      crashCount: this.#crashCount,
      ackedCount: this.#model.ackedCount,
      cellCount: this.#model.cellCount,
      interrupted: { ...this.#interrupted },
    };
  }

  /** Counts what the crash cut off, once each. */
  #kill(): void {
    const { disk } = this.#world;
    const doneCount = disk.interruptedWrites.length;
    this.#world.kill();
    const cutOff = disk.interruptedWrites.slice(doneCount).map(({ what }) => what);
    const hits = (store: string): number => (cutOff.some((what) => what.startsWith(store)) ? 1 : 0);
    this.#interrupted.write += hits('journal append');
    this.#interrupted.flush += hits('shards commit');
    this.#interrupted.trim += hits('journal trim');
  }

  async #restart(): Promise<boolean> {
    try {
      const started = this.#world.start();
      await this.#scheduler.runUntilSettled(started);
      return true;
    } catch (error) {
      this.#problems.push(`a restart failed: ${String(error)}`);
      return false;
    }
  }

  async #createDatabase(): Promise<void> {
    await this.#scheduler.runUntilSettled(runStatement(this.#world.gateway, `CREATE DATABASE ${DATABASE} WITH SHARD DURATION 1d`));
  }

  /** Writes until its process dies: then the write under way never returns. */
  async #write(gateway: Gateway): Promise<void> {
    for (;;) {
      const { lines, cells } = this.#workload.next();
      this.#model.intend(cells);
      try {
        await gateway.writePoints(writeRequest(lines));
        this.#model.acknowledge(cells);
      } catch (error) {
        if (!(error instanceof DbError) || !error.traits.retryable) throw error;
      }
    }
  }
}
