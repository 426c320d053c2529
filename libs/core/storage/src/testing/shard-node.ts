import type { Frame } from '@varve/frame';
import type { Tombstone } from '@varve/model';
import { markOf } from './arbitraries.ts';
import { deleteOf, frameOf, type TestRow } from './frames.ts';
import { flush, MemoryShard, mergeAll } from './memory-shard.ts';
import { NaiveShard } from './naive-shard.ts';

/** A table, its file and journal, and what all of them should hold. Every frame says its version. */
export class ShardNode {
  readonly shard = new MemoryShard();
  readonly naive = new NaiveShard();
  table = this.shard.open();
  #frameCount = 0;

  write(wallMs: number, rows: readonly TestRow[]): void {
    const mark = markOf(this.#frameCount++, wallMs);
    this.naive.write(mark.version, rows);
    this.#insert(frameOf(mark, rows));
  }

  /** Hides everything that is older, but for what the parts say. */
  delete(wallMs: number, parts: Partial<Tombstone> = {}): void {
    const mark = markOf(this.#frameCount++, wallMs);
    const tombstone: Tombstone = { measurement: undefined, series: { kind: 'all' }, startOffsetNs: 0, endOffsetNs: 1e9, ...parts };
    this.naive.delete(mark.version, tombstone);
    this.#insert(deleteOf(mark, tombstone));
  }

  flush(): void {
    flush(this.table, this.shard);
  }

  merge(): void {
    mergeAll(this.table, this.shard);
  }

  crash(): void {
    this.table = this.shard.open();
  }

  #insert(frame: Frame): void {
    const seq = this.table.lastSeq + 1;
    this.shard.append(seq, frame);
    this.table.insert(frame, seq);
  }
}
