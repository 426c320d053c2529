import { DbError } from '@varve/base';
import type { Clock, Timer } from '@varve/ports';
import { flushShard, type FlushPorts } from './flush.ts';
import { mergeShard } from './merge.ts';
import type { DataShardConfig } from './ports.ts';
import type { ShardReplica } from './shard-replica.ts';

/** How often ages are looked at. */
const TICK_MS = 1_000;
/** Memtables of this many budgets together: flushes are behind, and writers must wait. */
const BEHIND_FACTOR = 2;

/**
 * When to flush and merge: the largest memtable when all together are over budget, any that has been dirty too long; then
 * what is worth merging. One job at a time, in the background.
 */
export class Upkeep {
  readonly #ports: FlushPorts & { readonly clock: Clock };
  readonly #config: Pick<DataShardConfig, 'memtableSizeBytesMax' | 'flushAgeMsMax'>;
  readonly #replicas: ReadonlyMap<number, ShardReplica>;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #problem: string | undefined;

  constructor(
    ports: FlushPorts & { readonly clock: Clock },
    config: Pick<DataShardConfig, 'memtableSizeBytesMax' | 'flushAgeMsMax'>,
    replicas: ReadonlyMap<number, ShardReplica>,
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#replicas = replicas;
  }

  start(): void {
    this.#timer = this.#ports.clock.after(TICK_MS, () => {
      this.maybeRun();
      if (!this.#isStopped) this.start();
    });
  }

  /** Starts a round when something is due and none is running. */
  maybeRun(): void {
    if (this.#isStopped || this.#running !== undefined || this.#nextDue() === undefined) return;
    this.#running = this.#round().finally(() => (this.#running = undefined));
  }

  /** Resolves when no job is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** True when memtables grow faster than they are flushed. */
  get isBehind(): boolean {
    return this.#totalBytes() > BEHIND_FACTOR * this.#config.memtableSizeBytesMax;
  }

  problems(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  async #round(): Promise<void> {
    for (let due = this.#nextDue(); due !== undefined && !this.#isStopped; due = this.#nextDue()) {
      if (!(await this.#succeeds(due, 'flush', flushShard))) return;
      while (!due.isDropped && !this.#isStopped && (await this.#mayMergeMore(due)));
    }
  }

  /** A merge that fails is no harm: its chunks stay as they are. */
  async #mayMergeMore(replica: ShardReplica): Promise<boolean> {
    let hasMerged = false;
    await this.#succeeds(replica, 'merge', async (ports, due) => {
      hasMerged = await mergeShard(ports, due);
    });
    return hasMerged;
  }

  async #succeeds(
    replica: ShardReplica,
    what: 'flush' | 'merge',
    work: (ports: FlushPorts & { readonly clock: Clock }, replica: ShardReplica) => Promise<void>,
  ): Promise<boolean> {
    try {
      await work(this.#ports, replica);
      this.#problem = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#problem = `${what} of shard ${replica.shard} fails: ${error.message}`;
      this.#ports.log.error('Upkeep of a shard failed; nothing is lost, it is tried again', { what, shard: replica.shard, code: error.code, error });
      return false;
    }
  }

  #nextDue(): ShardReplica | undefined {
    const dirty = [...this.#replicas.values()].filter((each) => each.dirtySinceMs !== undefined && !each.isDropped);
    const aged = this.#ports.clock.monotonicMs() - this.#config.flushAgeMsMax;
    const old = dirty.find((each) => each.dirtySinceMs! <= aged);
    if (old !== undefined || this.#totalBytes() < this.#config.memtableSizeBytesMax) return old;
    return dirty.sort((left, right) => right.table.memtableSizeBytes - left.table.memtableSizeBytes)[0];
  }

  #totalBytes(): number {
    let total = 0;
    for (const { table } of this.#replicas.values()) total += table.memtableSizeBytes;
    return total;
  }
}
