import fc from 'fast-check';
import { DbError, Prng } from '@varve/base';
import type { Column } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeColumn, encodeColumn } from './column.ts';
import { anyColumn } from './testing/columns.ts';
import { normal, walk } from './testing/series.ts';

// Methodology: columns of every form, damaged in their first bytes more often than elsewhere, as these say how the others
// are read; cut; prolonged; and bytes that never were a column. A decoder may return anything of the right length.

test('C3: damaged bytes are decoded to something or refused, never worse', () => {
  let refusedCount = 0;
  const random = new Prng(7);
  fc.assert(
    fc.property(anyColumn, ({ column, rowCount }) => {
      const bytes = encodeColumn(column, rowCount);
      for (let round = 0; round < 40; round += 1) refusedCount += isRefused(damaged(bytes, random), rowCount);
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 1_000 },
  );
  expect(refusedCount).toBeGreaterThan(10_000);
});

test('C3: damaged pages of every coded and split form are decoded to something or refused', () => {
  const random = new Prng(8);
  const rows = (of: (row: number) => number): Float64Array => Float64Array.from({ length: 360 }, (_, row) => of(row));
  const integers = (values: Float64Array): Column => ({ type: 'integer', values });
  const floats = (values: Float64Array): Column => ({ type: 'float', values });
  const jumping = walk(random, 360).map((value, row) => value + (row % 50 === 49 ? 1e9 : 0));
  const columns = [
    integers(walk(random, 360)),
    integers(jumping),
    integers(rows(() => Math.round(normal(random) * 3))),
    integers(walk(random, 360, 100).map((value) => Math.round(value * 100))),
    integers(rows((row) => row * row * 50 + Math.round(normal(random)))),
    integers(rows((row) => (row * 1_000 + Math.round(normal(random) * 2)) * 1_000)),
    floats(walk(random, 360, 100).with(77, 1 / 3)),
    floats(walk(random, 360, 2 ** 45)),
    floats(rows(() => (random.fraction() - 0.5) / 3)),
    floats(rows(() => random.between(1, 9) / 7)),
  ];
  let refusedCount = 0;
  for (const column of columns) {
    const bytes = encodeColumn(column, 360);
    for (let round = 0; round < 1_500; round += 1) refusedCount += isRefused(damaged(bytes, random), 360);
  }
  expect(refusedCount).toBeGreaterThan(3_000);
});

test('C3: bytes that never were a column are decoded to something or refused', () => {
  const random = new Prng(9);
  for (let round = 0; round < 30_000; round += 1) {
    const bytes = Uint8Array.from({ length: random.between(0, 60) }, () => random.between(0, 255));
    if (bytes.length > 1) bytes.set([random.between(0, 12), random.between(0, random.pick([3, 18, 255]))]);
    isRefused(bytes, random.pick([0, 1, 2, 31, 200, 5_000]));
  }
});

function isRefused(bytes: Uint8Array, rowCount: number): number {
  try {
    expect(decodeColumn(bytes, rowCount).values.length).toBe(rowCount);
    return 0;
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    expect(error.code).toBe('CHUNK_INVALID');
    return 1;
  }
}

/** Flipped bits, other bytes, cut ends, bytes behind the end. */
function damaged(bytes: Uint8Array, random: Prng): Uint8Array {
  const copy = bytes.slice(0, random.chance(0.3) ? random.between(0, bytes.length) : bytes.length);
  if (random.chance(0.1)) return Uint8Array.of(...copy.subarray(0, 1_000), random.between(0, 255));
  // The first bytes say how the others are read: they are hit more often.
  for (let hit = random.between(1, 3); hit > 0 && copy.length > 0; hit -= 1) {
    const at = random.between(0, Math.min(copy.length, random.chance(0.5) ? 12 : copy.length) - 1);
    copy[at] = random.chance(0.5) ? copy[at]! ^ (1 << random.between(0, 7)) : random.between(0, 255);
  }
  return copy;
}
