import { DbError, type DurationMs, type InstantMs, type SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { Timer } from '@varve/ports';
import type { Damage } from './damage.ts';
import { flushShard, type FlushPorts } from './flush.ts';
import { mergeShard } from './merge.ts';
import type { DataShardConfig } from './ports.ts';
import type { ShardReplica } from './shard-replica.ts';

/** How often ages are looked at. */
const TICK_MS = 1_000;
/** After a failed flush of a shard; each further failure doubles it. */
const RETRY_PAUSE_MS_MIN = 250;
const RETRY_PAUSE_MS_MAX = 60_000;
/**
 * Memtables of this many budgets together, at one of which a flush is due: flushes are behind, and writers must wait. A writer that is
 * as fast as flushes fills a second budget while the first is flushed; the third is for those that are faster.
 */
const BEHIND_FACTOR = 3;

type UpkeepPorts = FlushPorts & { readonly damage: Damage };
type Work = (ports: UpkeepPorts, replica: ShardReplica) => Promise<void>;

/** What has failed for one shard, until it succeeds. */
interface Trouble {
  readonly text: string;
  /** The shard is left alone until then: others are not kept waiting by it. */
  readonly retryAtMs: InstantMs;
  readonly pauseMs: DurationMs;
}

/**
 * When to flush and merge: the largest memtable when all together are over budget, any that has been dirty too long; in
 * between what is worth merging. One job at a time, in the background.
 */
export class Upkeep {
  readonly #ports: UpkeepPorts;
  readonly #config: Pick<DataShardConfig, 'memtableSizeBytesMax' | 'flushAgeMsMax'>;
  readonly #replicas: ReadonlyMap<number, ShardReplica>;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  /** The shard whose job is under way, and the end of that job. */
  #job: { readonly shard: ShardId; readonly done: Promise<boolean> } | undefined;
  #isStopped = false;
  readonly #troubles = new Map<ShardId, Trouble>();
  /** They were flushed, and may have chunks worth merging. */
  readonly #toMerge = new Set<ShardReplica>();

  constructor(
    ports: UpkeepPorts,
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

  /** There may be something to merge, or tombstones to collect. */
  mergeSoon(replica: ShardReplica): void {
    this.#toMerge.add(replica);
    this.maybeRun();
  }

  /** Starts a round when something is due and none is running. */
  maybeRun(): void {
    if (this.#isStopped || this.#running !== undefined || (this.#toMerge.size === 0 && this.#nextDue() === undefined)) return;
    this.#running = this.#round().finally(() => (this.#running = undefined));
  }

  /** Resolves when nothing is under way for a shard that was dropped; its troubles are over. */
  async forget(shard: ShardId): Promise<void> {
    if (this.#job?.shard === shard) await this.#job.done;
    this.#troubles.delete(shard);
    for (const replica of this.#toMerge) if (replica.shard === shard) this.#toMerge.delete(replica);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Of all shards that are open. */
  get memtableSizeBytes(): SizeBytes {
    let total = 0;
    for (const { table } of this.#replicas.values()) total += table.memtableSizeBytes;
    return total;
  }

  /** What memtables hold of what they may: above 1 writers are refused. */
  get fullness(): number {
    return this.memtableSizeBytes / (BEHIND_FACTOR * this.#config.memtableSizeBytesMax);
  }

  problems(): readonly string[] {
    return [...this.#troubles.values()].map(({ text }) => text);
  }

  /** Flushes come first: after each merge, which is small, it is looked again. */
  async #round(): Promise<void> {
    while (!this.#isStopped) {
      const due = this.#nextDue();
      if (due !== undefined) {
        if (await this.#run(due, 'flush', flushShard)) this.#toMerge.add(due);
        continue;
      }
      const [replica] = this.#toMerge;
      if (replica === undefined) return;
      if (replica.isDropped || !(await this.#mayMergeMore(replica))) this.#toMerge.delete(replica);
    }
  }

  /** A merge that fails is no harm: its chunks stay as they are. A damaged one is in no other merge (Y5). */
  async #mayMergeMore(replica: ShardReplica): Promise<boolean> {
    let mayBeMore = false;
    await this.#run(replica, 'merge', async (ports, due) => {
      try {
        mayBeMore = await mergeShard(ports, due);
      } catch (error) {
        mayBeMore = error instanceof DbError && error.code === 'CHUNK_INVALID' && typeof error.facts['chunkId'] === 'number';
        if (!mayBeMore) throw error;
      }
    });
    return mayBeMore;
  }

  async #run(replica: ShardReplica, what: 'flush' | 'merge', work: Work): Promise<boolean> {
    this.#job = { shard: replica.shard, done: this.#succeeds(replica, what, work) };
    const hasSucceeded = await this.#job.done;
    this.#job = undefined;
    return hasSucceeded;
  }

  async #succeeds(replica: ShardReplica, what: 'flush' | 'merge', work: Work): Promise<boolean> {
    const { shard } = replica;
    try {
      await work(this.#ports, replica);
      this.#troubles.delete(shard);
      return true;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      const pauseMs = Math.min(2 * (this.#troubles.get(shard)?.pauseMs ?? RETRY_PAUSE_MS_MIN / 2), RETRY_PAUSE_MS_MAX);
      const text = `${what} of shard ${shard} fails: ${error.message}`;
      this.#troubles.set(shard, { text, pauseMs, retryAtMs: this.#ports.clock.monotonicMs() + pauseMs });
      this.#ports.log.error('Upkeep of a shard failed; nothing is lost, it is tried again', { what, shard, pauseMs, code: error.code, error });
      return false;
    }
  }

  #nextDue(): ShardReplica | undefined {
    const nowMs = this.#ports.clock.monotonicMs();
    const mayRun = ({ shard, dirtySinceMs, isDropped }: ShardReplica): boolean =>
      dirtySinceMs !== undefined && !isDropped && nowMs >= (this.#troubles.get(shard)?.retryAtMs ?? nowMs);
    const dirty = [...this.#replicas.values()].filter(mayRun);
    const aged = nowMs - this.#config.flushAgeMsMax;
    const old = dirty.find((each) => each.dirtySinceMs! <= aged);
    if (old !== undefined || this.memtableSizeBytes < this.#config.memtableSizeBytesMax) return old;
    return dirty.sort((left, right) => right.table.memtableSizeBytes - left.table.memtableSizeBytes)[0];
  }
}
