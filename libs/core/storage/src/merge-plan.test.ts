import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChunkEntry } from './chunk-directory.ts';
import { planSeriesMerge } from './merge-plan.ts';

/** Chunks in a row, each after the one before it: [rows, …], or with [start, end] times. */
function chunksOf(...shapes: readonly (number | readonly [rows: number, start: number, end: number])[]): ChunkEntry[] {
  return shapes.map((shape, index) => {
    const [estimatedRowCount, minOffsetNs, maxOffsetNs] =
      typeof shape === 'number' ? [shape, index * 10, index * 10 + 5] : shape;
    return {
      chunkId: index + 1,
      seriesId: 1,
      minOffsetNs,
      maxOffsetNs,
      header: new Uint8Array(0),
      payloadSizeBytes: 0,
      estimatedRowCount,
    };
  });
}

test('at least four neighbours are merged, of which none has more than half of the rows', () => {
  const check = (chunks: readonly ChunkEntry[], expected: number[] | undefined): void =>
    expect(planSeriesMerge(chunks)?.map(({ chunkId }) => chunkId)).toEqual(expected);

  check([], undefined);
  check(chunksOf(10, 10, 10), undefined); // too few
  check(chunksOf(10, 10, 10, 10), [1, 2, 3, 4]);
  check(chunksOf(1_000, 10, 10, 10, 10), [2, 3, 4, 5]); // the large one is not worth it yet
  check(chunksOf(1_000, 400, 400, 400), [1, 2, 3, 4]);
  check(chunksOf(10, 10, 4_000, 10, 10), undefined); // nothing across a full chunk that is alone
  check(chunksOf([4_000, 0, 99], [10, 20, 21], [10, 30, 31], [10, 40, 41]), undefined); // few rows over a full one
  check(chunksOf([4_000, 0, 99], [2_000, 20, 21], [1_000, 30, 31], [1_000, 40, 41]), [1, 2, 3, 4]);
  check(chunksOf([4_000, 0, 99], [4_000, 50, 199], [4_000, 150, 300], [10, 40, 250]), undefined); // full ones have more than half
  check(chunksOf(...Array<number>(20).fill(2_000)), [1, 2, 3, 4, 5, 6, 7, 8]); // at most 16,384 rows at once
});

test('F12: merges of a growing series end, and a row is rewritten at most log2 of its chunk’s rows times', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 200, size: 'max' }),
      (sizes) => {
        let chunks: ChunkEntry[] = [];
        let rewritten = 0;
        for (const [index, rowCount] of sizes.entries()) {
          chunks = [...chunks, { ...chunksOf([rowCount, index * 10, index * 10 + 5])[0]!, chunkId: index + 1 }];
          for (let plan = planSeriesMerge(chunks); plan !== undefined; plan = planSeriesMerge(chunks)) {
            const total = plan.reduce((sum, { estimatedRowCount }) => sum + estimatedRowCount, 0);
            rewritten += total;
            chunks = replaced(chunks, plan, total);
          }
        }
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(chunks.reduce((sum, { estimatedRowCount }) => sum + estimatedRowCount, 0)).toBe(total);
        expect(rewritten).toBeLessThanOrEqual(total * 13);
      },
    ),
    { numRuns: 200 },
  );
});

/** As encodeRows cuts: halves until a part has at most 4,096 rows. */
function replaced(chunks: readonly ChunkEntry[], plan: readonly ChunkEntry[], total: number): ChunkEntry[] {
  const at = chunks.indexOf(plan[0]!);
  const partCount = 2 ** Math.max(0, Math.ceil(Math.log2(total / 4_096)));
  const startNs = plan[0]!.minOffsetNs;
  const stepNs = (plan.at(-1)!.maxOffsetNs - startNs + 1) / partCount;
  const parts = Array.from({ length: partCount }, (_, part) => ({
    ...plan[0]!,
    minOffsetNs: startNs + part * stepNs,
    maxOffsetNs: startNs + (part + 0.9) * stepNs,
    estimatedRowCount: Math.floor(((part + 1) * total) / partCount) - Math.floor((part * total) / partCount),
  }));
  return [...chunks.slice(0, at), ...parts, ...chunks.slice(at + plan.length)];
}
