import { assert } from '@varve/base';
import type { Frame } from '@varve/frame';
import { hasMutation, type Tombstone } from '@varve/model';
import { markOf } from './arbitraries.ts';
import { deleteOf, frameOf, type TestRow } from './frames.ts';
import { flush, MemoryShard, mergeAll } from './memory-shard.ts';
import { NaiveShard } from './naive-shard.ts';

/** A table, its file and journal, and what all of them should hold. Every frame says its version. */
export class ShardNode {
  readonly shard = new MemoryShard();
  readonly naive = new NaiveShard();
  table = this.shard.open();
  readonly #frames: Frame[] = [];

  write(wallMs: number, rows: readonly TestRow[]): void {
    const mark = markOf(this.#frames.length, wallMs);
    this.naive.write(mark.version, rows);
    this.#add(frameOf(mark, rows));
  }

  /** Hides everything that is older, but for what the parts say. */
  delete(wallMs: number, parts: Partial<Tombstone> = {}): void {
    const mark = markOf(this.#frames.length, wallMs);
    const tombstone: Tombstone = { measurement: undefined, series: { kind: 'all' }, startOffsetNs: 0, endOffsetNs: 1e9, ...parts };
    this.naive.delete(mark.version, tombstone);
    this.#add(deleteOf(mark, tombstone));
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

  /** What only the journal had is gone; then peers bring it, which have all frames. */
  loseJournal(): void {
    this.shard.loseJournal();
    this.crash();
    for (const frame of this.#frames) {
      const { incarnation, number } = frame.header.mutation;
      if (hasMutation(this.table.vector, incarnation, number)) continue;
      assert(!this.table.isLate(frame), `${incarnation}/${number} was lost, and would be refused`);
      this.#insert(frame);
    }
  }

  #add(frame: Frame): void {
    this.#frames.push(frame);
    this.#insert(frame);
  }

  #insert(frame: Frame): void {
    const seq = this.table.lastSeq + 1;
    this.shard.append(seq, frame);
    this.table.insert(frame, seq);
  }
}
