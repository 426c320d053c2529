import { DbError, type InstantMs } from '@varve/base';
import type { NodeId, ShardId } from '@varve/model';
import type { Clock } from '@varve/ports';
import type { AnalyzedShard, ShardCounts } from '@varve/query';

/** Watches what becomes of the question to one shard, for EXPLAIN ANALYZE. */
export class ShardObserver {
  readonly #clock: Clock;
  readonly #asked: { readonly shard: ShardId; readonly measurements: readonly string[] };
  #owner: NodeId | undefined;
  #attemptCount = 0;
  #beganMs: InstantMs | undefined;
  #elapsedMs = 0;
  #frameCount = 0;
  #sizeBytes = 0;
  #counts: ShardCounts | undefined;

  constructor(clock: Clock, asked: { readonly shard: ShardId; readonly measurements: readonly string[] }) {
    this.#clock = clock;
    this.#asked = asked;
  }

  /** An owner is asked, for the first time or because another one has failed. */
  onAsk(owner: NodeId): void {
    this.#owner = owner;
    this.#attemptCount += 1;
    this.#beganMs ??= this.#clock.monotonicMs();
  }

  onFrame(frame: Uint8Array): void {
    this.#frameCount += 1;
    this.#sizeBytes += frame.length;
    this.#elapsedMs = this.#clock.monotonicMs() - this.#beganMs!;
  }

  /** @throws DbError MESSAGE_INVALID */
  onTrailer(trailer: string): void {
    try {
      this.#counts = JSON.parse(trailer) as ShardCounts;
    } catch (cause) {
      throw new DbError('MESSAGE_INVALID', 'counts that are not JSON', {}, { cause });
    }
  }

  onEnd(): void {
    this.#elapsedMs = this.#clock.monotonicMs() - this.#beganMs!;
  }

  get result(): AnalyzedShard {
    return {
      ...this.#asked,
      owner: this.#owner,
      retryCount: Math.max(0, this.#attemptCount - 1),
      frameCount: this.#frameCount,
      sizeBytes: this.#sizeBytes,
      elapsedMs: this.#elapsedMs,
      counts: this.#counts,
    };
  }
}
