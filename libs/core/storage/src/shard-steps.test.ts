import type { Frame } from '@varve/frame';
import type { Tombstone } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewChunkLike } from './chunk/encode-chunk.ts';
import type { FlushJob, MergeJob } from './shard-jobs.ts';
import { anyRows, anyTombstone, anyWallMs, FIELDS, markOf } from './testing/arbitraries.ts';
import { expectSame } from './testing/expect-same.ts';
import { deleteOf, frameOf, type FrameMark, type TestRow } from './testing/frames.ts';
import { flush, mergeAll, MemoryShard, packed } from './testing/memory-shard.ts';
import { NaiveShard } from './testing/naive-shard.ts';

// Methodology: few series, times, fields and versions, so that writes meet; every step that a data node can take, in any
// order; the naive shard knows which cell has which version, and after every read both must say the same.
type Step =
  | { readonly kind: 'write'; readonly rows: readonly TestRow[]; readonly wallMs: number }
  | { readonly kind: 'delete'; readonly tombstone: Tombstone; readonly wallMs: number }
  | { readonly kind: 'watermark'; readonly wallMs: number }
  | { readonly kind: 'again'; readonly which: number }
  | { readonly kind: 'read'; readonly startOffsetNs: number; readonly length: number; readonly names: string[] }
  | { readonly kind: 'seal' | 'plan' | 'pack' | 'commit' | 'abandon' | 'trim' | 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('write' as const), rows: anyRows, wallMs: anyWallMs }), weight: 8 },
  { arbitrary: fc.record({ kind: fc.constant('delete' as const), tombstone: anyTombstone, wallMs: anyWallMs }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant('watermark' as const), wallMs: anyWallMs }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat(20) }), weight: 2 },
  {
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      startOffsetNs: fc.integer({ min: 0, max: 6 }),
      length: fc.nat(6),
      names: fc.subarray([...FIELDS]),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({ kind: fc.constantFrom('seal' as const, 'commit' as const, 'commit' as const) }),
    weight: 10,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('plan' as const, 'plan' as const, 'pack' as const, 'abandon' as const, 'trim' as const, 'crash' as const),
    }),
    weight: 4,
  },
);

/** A data node with one shard, driven step by step. A step that makes no sense now does nothing. */
class Driver {
  readonly naive = new NaiveShard();
  readonly shard = new MemoryShard();
  readonly counts = { flushed: 0, merged: 0, abandoned: 0, crashedInJob: 0, duplicates: 0, deleted: 0, rewritten: 0, collected: 0 };
  table = this.shard.open();
  readonly #frames: Frame[] = [];
  /** The watermark as it was told last: nothing comes below it. */
  #floorMs = 0;
  #job: FlushJob | MergeJob | undefined;

  do(next: Step): void {
    switch (next.kind) {
      case 'write': {
        const mark = this.#nextMark(next.wallMs);
        this.naive.write(mark.version, next.rows);
        return this.#insertNew(frameOf(mark, next.rows));
      }
      case 'delete': {
        const mark = this.#nextMark(next.wallMs);
        this.naive.delete(mark.version, next.tombstone);
        this.counts.deleted += 1;
        return this.#insertNew(deleteOf(mark, next.tombstone));
      }
      case 'watermark':
        this.#floorMs = Math.max(this.#floorMs, next.wallMs);
        return this.table.raiseWatermark({ wallMs: this.#floorMs, counter: 0, incarnation: 0 });
      case 'again': {
        const known = this.#frames[next.which];
        if (known !== undefined) this.#insert(known, false);
        return;
      }
      case 'read':
        return expectSame(
          this,
          { startOffsetNs: next.startOffsetNs, endOffsetNs: next.startOffsetNs + next.length },
          next.names,
        );
      case 'seal':
        this.#job ??= this.table.beginFlush();
        return;
      case 'plan':
        this.#job ??= this.table.planMerge();
        return;
      case 'pack':
        return this.#pack();
      case 'commit':
        return this.#commit();
      case 'abandon':
        return this.#abandon();
      case 'trim':
        return this.shard.trim();
      case 'crash':
        if (this.#job !== undefined) this.counts.crashedInJob += 1;
        [this.#job, this.#packed] = [undefined, undefined];
        this.table = this.shard.open();
        return;
    }
  }

  /** The watermark passes everything: what is hidden goes, and the tombstones after it. */
  collectAll(): void {
    this.do({ kind: 'watermark', wallMs: 9_999 });
    flush(this.table, this.shard);
    mergeAll(this.table, this.shard);
    expect([this.table.tombstoneCount, this.shard.tombstoneCount]).toEqual([0, 0]);
  }

  /** What was packed before the commit: more may have come since. */
  #packed: readonly NewChunkLike[] | undefined;

  #pack(): void {
    if (this.#job !== undefined) this.#packed ??= packed(this.#job, this.shard);
  }

  #nextMark(wallMs: number): FrameMark {
    return markOf(this.#frames.length, Math.max(wallMs, this.#floorMs));
  }

  #insertNew(frame: Frame): void {
    this.#frames.push(frame);
    this.#insert(frame, true);
  }

  #insert(frame: Frame, isNew: boolean): void {
    const seq = this.table.lastSeq + 1;
    this.shard.append(seq, frame);
    if (!isNew) this.counts.duplicates += 1;
    expect(this.table.insert(frame, seq)).toBe(isNew);
  }

  #commit(): void {
    const job = this.#job;
    if (job === undefined) return;
    this.#pack();
    const stored = this.shard.commit(job.change, this.#packed!);
    if (job.kind === 'merge') {
      this.table.completeMerge(job, stored);
      this.counts.merged += 1;
      this.counts.rewritten += job.plan.chunks.length === 1 ? 1 : 0;
      this.counts.collected += job.plan.tombstoneSeqs.length;
    } else {
      this.table.completeFlush(job, stored);
      this.counts.flushed += 1;
    }
    [this.#job, this.#packed] = [undefined, undefined];
  }

  #abandon(): void {
    const job = this.#job;
    if (job === undefined) return;
    if (job.kind === 'merge') this.table.abandonMerge(job);
    else this.table.abandonFlush(job);
    this.counts.abandoned += 1;
    [this.#job, this.#packed] = [undefined, undefined];
  }
}

test('F1–F11, D1–D9: after any steps a shard reads as if every frame had been applied cell by cell, the greatest version winning', () => {
  const seen = { flushed: 0, merged: 0, abandoned: 0, crashedInJob: 0, duplicates: 0, deleted: 0, rewritten: 0, collected: 0 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const driver = new Driver();
      for (const next of steps) driver.do(next);
      expectSame(driver);
      driver.do({ kind: 'crash' });
      expectSame(driver);
      driver.collectAll();
      expectSame(driver);
      for (const kind of Object.keys(seen) as (keyof typeof seen)[]) seen[kind] += driver.counts[kind];
    }),
    { numRuns: 500 },
  );
  for (const [kind, count] of Object.entries(seen)) expect(count, `nothing was ${kind}`).toBeGreaterThan(0);
});
