import { DbError } from '@varve/base';
import { encodeVector } from '@varve/model';
import type { NewChunk, ShardStore, Clock, Log, Metrics, Journal, Timer } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import type { DataShardConfig } from './ports.ts';
import type { ShardReplica } from './shard-replica.ts';

/** Rows encoded at a stretch, about 3 ms of work; then the event loop gets its turn. */
const SLICE_ROW_COUNT = 20_000;
const SLICE_REST_MS = 1;
/** How often ages are looked at. */
const TICK_MS = 1_000;

export interface FlushPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly journal: Journal;
  readonly shardStore: ShardStore;
}

/**
 * Moves memtables into chunks in the background: the largest when all together are over budget, any that has been dirty
 * too long. One at a time. docs/specs/flush.md has the order of steps and why a crash between any two is harmless.
 */
export class Flusher {
  readonly #ports: FlushPorts;
  readonly #config: Pick<DataShardConfig, 'memtableSizeBytesMax' | 'flushAgeMsMax'>;
  readonly #replicas: ReadonlyMap<number, ShardReplica>;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #problem: string | undefined;

  constructor(
    ports: FlushPorts,
    config: Pick<DataShardConfig, 'memtableSizeBytesMax' | 'flushAgeMsMax'>,
    replicas: ReadonlyMap<number, ShardReplica>,
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#replicas = replicas;
  }

  start(): void {
    this.#timer = this.#ports.clock.after(TICK_MS, () => {
      this.maybeFlush();
      if (!this.#isStopped) this.start();
    });
  }

  /** Starts a round when something is due and none is running. */
  maybeFlush(): void {
    if (this.#isStopped || this.#running !== undefined || this.#nextDue() === undefined) return;
    this.#running = this.#round().finally(() => (this.#running = undefined));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Resolves when no flush is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  problems(): readonly string[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** True when memtables grow faster than they are flushed: writers must wait. */
  get isBehind(): boolean {
    return this.#totalBytes() > 2 * this.#config.memtableSizeBytesMax;
  }

  async #round(): Promise<void> {
    for (let due = this.#nextDue(); due !== undefined && !this.#isStopped; due = this.#nextDue()) {
      try {
        await this.#flushShard(due);
        this.#problem = undefined;
      } catch (error) {
        if (!(error instanceof DbError)) throw error;
        this.#problem = `flush of shard ${due.shard} fails: ${error.message}`;
        this.#ports.log.error('Flush failed; the memtable stays and is tried again', { shard: due.shard, code: error.code, error });
        return;
      }
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

  /** Seal, encode in slices, one transaction, show, trim. @throws DbError STORAGE_FULL, STORAGE_FAILED: nothing changed */
  async #flushShard(replica: ShardReplica): Promise<void> {
    const { shardStore, journal, metrics, clock } = this.#ports;
    const startedMs = clock.monotonicMs();
    const job = replica.table.beginFlush();
    replica.dirtySinceMs = undefined;
    if (job === undefined) return;
    try {
      const chunks: NewChunk[] = [];
      for (let slice = job.nextChunks(SLICE_ROW_COUNT); slice.length > 0; slice = job.nextChunks(SLICE_ROW_COUNT)) {
        chunks.push(...slice);
        await new Promise<void>((rested) => clock.after(SLICE_REST_MS, rested));
      }
      const state = { flushedSeq: job.flushedSeq, vector: encodeVector(job.vector) };
      const chunkIds = await shardStore.commit(replica.shard, { series: job.series, chunks, removedChunkIds: [], state });
      replica.table.completeFlush(job, chunkIds);
    } catch (error) {
      replica.table.abandonFlush(job);
      replica.dirtySinceMs ??= startedMs;
      throw error;
    }
    metrics.observe(names.flushDuration, (clock.monotonicMs() - startedMs) / 1000);
    if (!replica.isDropped) await journal.trim(replica.shard, replica.table.flushedSeq);
  }
}
