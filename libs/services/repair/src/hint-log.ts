import { DbError, type SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import { EMPTY_VECTOR, withMutation, type MutationVector, type NodeId, type ShardId } from '@varve/model';
import type { DirtyMark, HintStore, Log, Metrics, NewHint, StoredHint } from '@varve/ports';
import { hintVerdict } from '@varve/replication';
import { metrics as names } from '@varve/telemetry';

interface Waiting {
  readonly hints: readonly NewHint[];
  readonly settle: () => void;
  readonly refuse: (error: Error) => void;
}

/** Hints of one owner, in the order of their ids. */
interface Queue {
  readonly hints: Map<number, StoredHint>;
  /** Hints that are being stored included. */
  sizeBytes: SizeBytes;
}

/**
 * The hints that this node has: durable in the store, their index in memory, by owner. Hints that come together share a
 * commit. Every hint ends as delivered, discarded with its shard, or replaced by a durable mark (H3).
 */
export class HintLog {
  readonly #ports: { readonly hintStore: HintStore; readonly log: Log; readonly metrics: Metrics };
  readonly #sizeBytesMax: SizeBytes;
  readonly #queues = new Map<NodeId, Queue>();
  readonly #marks = new Map<string, DirtyMark>();
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;

  /** @param sizeBytesMax of the hints of one owner */
  constructor(ports: { readonly hintStore: HintStore; readonly log: Log; readonly metrics: Metrics }, sizeBytesMax: SizeBytes) {
    this.#ports = ports;
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Finds what an earlier run has left (H10). */
  async load(): Promise<void> {
    const { hintStore, log } = this.#ports;
    const { hints, marks, damagedCount } = await hintStore.load();
    for (const hint of hints) this.#add(hint, hint.sizeBytes);
    for (const mark of marks) this.#marks.set(keyOf(mark), mark);
    if (damagedCount > 0) this.#count('damaged', damagedCount);
    log.info('Hints found', { hintCount: hints.length, markCount: marks.length, damagedCount });
  }

  /** Owners that have hints. */
  get owners(): readonly NodeId[] {
    return [...this.#queues.keys()];
  }

  get marks(): readonly DirtyMark[] {
    return [...this.#marks.values()];
  }

  /**
   * Resolves when each of them, or the mark that replaces it, is durable.
   * @param isAtOwner some owner is known to hold the frame, so reconciliation can bring it
   * @throws DbError HINT_STORE_FULL before anything is stored, STORAGE_FULL, STORAGE_FAILED
   */
  async take(hints: readonly NewHint[], isAtOwner: boolean): Promise<void> {
    const verdicts = hints.map((hint) => this.#verdictOn(hint, isAtOwner));
    if (verdicts.includes('refuse')) throw new DbError('HINT_STORE_FULL', 'hints of this owner are over their budget, and nobody holds this frame; retry');
    const kept = hints.filter((_, at) => verdicts[at] === 'keep');
    const marked = hints.filter((_, at) => verdicts[at] === 'mark');
    await Promise.all([kept.length === 0 ? undefined : this.#store(kept), marked.length === 0 ? undefined : this.mark([], marked)]);
  }

  /** The oldest hints of an owner: as many as fit, one at least. */
  next(owner: NodeId): readonly StoredHint[] {
    const batch: StoredHint[] = [];
    let sizeBytes = 0;
    for (const hint of this.#queues.get(owner)?.hints.values() ?? []) {
      sizeBytes += hint.sizeBytes;
      if (batch.length > 0 && (sizeBytes > LIMITS.hintBatchSizeBytesMax || batch.length === LIMITS.hintBatchCountMax)) break;
      batch.push(hint);
    }
    return batch;
  }

  readFrames(hints: readonly StoredHint[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#ports.hintStore.readFrames(hints.map(({ hintId }) => hintId));
  }

  /** They have reached their owners, or their shard is gone for good. */
  async remove(hints: readonly StoredHint[], how: 'delivered' | 'discarded'): Promise<void> {
    if (hints.length === 0) return;
    await this.#ports.hintStore.replace(hints.map(({ hintId }) => hintId), []);
    for (const hint of hints) this.#drop(hint);
    this.#count(how, hints.length);
  }

  /** Replaces hints by marks for the same owners and shards. */
  async mark(hints: readonly StoredHint[], marks: readonly DirtyMark[]): Promise<void> {
    const unset = new Map(marks.map(({ owner, shard }) => [keyOf({ owner, shard }), { owner, shard }]));
    for (const key of this.#marks.keys()) unset.delete(key);
    if (hints.length > 0 || unset.size > 0) await this.#ports.hintStore.replace(hints.map(({ hintId }) => hintId), [...unset.values()]);
    for (const [key, mark] of unset) this.#marks.set(key, mark);
    for (const hint of hints) this.#drop(hint);
    this.#count('marked', marks.length);
  }

  /** What the marks stood for is there. */
  async clear(marks: readonly DirtyMark[]): Promise<void> {
    if (marks.length === 0) return;
    await this.#ports.hintStore.clearMarks(marks);
    for (const mark of marks) this.#marks.delete(keyOf(mark));
  }

  /** What is held for one owner, or for any; hints that are being stored are waited for, so none that was taken is missing (X10). */
  async held(owner: NodeId | undefined): Promise<ReadonlyMap<ShardId, MutationVector>> {
    while (this.#committing !== undefined) await this.#committing;
    const held = new Map<ShardId, MutationVector>();
    for (const [each, { hints }] of this.#queues) {
      if (owner !== undefined && owner !== each) continue;
      for (const { shard, incarnation, number } of hints.values()) held.set(shard, withMutation(held.get(shard) ?? EMPTY_VECTOR, incarnation, number));
    }
    return held;
  }

  #verdictOn({ owner, frame }: NewHint, isAtOwner: boolean): ReturnType<typeof hintVerdict> {
    const asked = { queueSizeBytes: this.#queues.get(owner)?.sizeBytes ?? 0, frameSizeBytes: frame.length, isAtOwner };
    return hintVerdict(asked, { budgetSizeBytes: this.#sizeBytesMax, reserveSizeBytes: LIMITS.hintReserveSizeBytes });
  }

  #store(hints: readonly NewHint[]): Promise<void> {
    for (const { owner, frame } of hints) this.#queueOf(owner).sizeBytes += frame.length;
    return new Promise((settle, refuse) => {
      this.#waiting.push({ hints, settle, refuse });
      this.#committing ??= this.#commit().finally(() => (this.#committing = undefined));
    });
  }

  async #commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const hints = group.flatMap((each) => each.hints);
      try {
        const ids = await this.#ports.hintStore.append(hints);
        hints.forEach(({ frame, ...hint }, at) => this.#add({ ...hint, hintId: ids[at]!, sizeBytes: frame.length }, 0));
        this.#count('stored', hints.length);
        for (const { settle } of group) settle();
      } catch (error) {
        for (const { owner, frame } of hints) this.#queueOf(owner).sizeBytes -= frame.length;
        for (const { refuse } of group) refuse(error as Error);
      }
    }
  }

  #add(hint: StoredHint, addedSizeBytes: SizeBytes): void {
    const queue = this.#queueOf(hint.owner);
    queue.hints.set(hint.hintId, hint);
    queue.sizeBytes += addedSizeBytes;
    this.#measure();
  }

  #drop({ owner, hintId, sizeBytes }: StoredHint): void {
    const queue = this.#queueOf(owner);
    if (!queue.hints.delete(hintId)) return;
    queue.sizeBytes -= sizeBytes;
    this.#measure();
  }

  #queueOf(owner: NodeId): Queue {
    const queue = this.#queues.get(owner) ?? { hints: new Map(), sizeBytes: 0 };
    this.#queues.set(owner, queue);
    return queue;
  }

  #measure(): void {
    let sizeBytes = 0;
    for (const queue of this.#queues.values()) sizeBytes += queue.sizeBytes;
    this.#ports.metrics.set(names.hintQueueSize, sizeBytes);
  }

  #count(how: 'stored' | 'delivered' | 'discarded' | 'marked' | 'damaged', hintCount: number): void {
    this.#ports.metrics.add(names.hintEvents, hintCount, { event: how });
  }
}

function keyOf({ owner, shard }: DirtyMark): string {
  return `${owner}/${shard}`;
}
