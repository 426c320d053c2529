import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockOf, concatBlocks, type SortedRows } from '../sorted-rows.ts';
import { columnOf } from '../testing/frames.ts';
import { cutChunks, levelOf } from './cut-chunks.ts';

/** A series of so many rows: each weighs four. */
function series(seriesId: number, rowCount: number, startNs = 0): SortedRows {
  return blockOf(seriesId, {
    offsetsNs: Float64Array.from({ length: rowCount }, (_, row) => startNs + row),
    columns: [{ name: 'f', column: columnOf('float', Array<number>(rowCount).fill(seriesId)) }],
    versions: { versions: [{ wallMs: 1, counter: 0, incarnation: 1 }], ordinals: new Uint32Array(rowCount) },
  });
}

const shapeOf = (cuts: Iterable<SortedRows>): (readonly [first: number, last: number, rows: number])[] =>
  Array.from(cuts).map(({ seriesIds, offsetsNs }) => [seriesIds[0]!, seriesIds.at(-1)!, offsetsNs.length] as const).sort((left, right) => left[0] - right[0]);

test('a range of ids is one chunk when it fits, and two halves when it does not', () => {
  const check = (parts: SortedRows[], rowCountMax: number, expected: [number, number, number][]): void => {
    expect(shapeOf(cutChunks(parts, () => 4 * rowCountMax))).toEqual(expected);
    expect(shapeOf(cutChunks([concatBlocks(parts)], () => 4 * rowCountMax))).toEqual(expected);
  };
  check([series(4, 1), series(5, 1), series(6, 1), series(7, 1)], 4, [[4, 7, 4]]);
  check([series(4, 1), series(5, 1), series(6, 1), series(7, 1)], 3, [[4, 5, 2], [6, 7, 2]]);
  check([series(3, 1), series(4, 1)], 2, [[3, 4, 2]]); // far from each other in the tree, but nothing else is there
  check([series(3, 1), series(4, 1), series(5, 1)], 2, [[3, 3, 1], [4, 5, 2]]);
  check([series(1, 5), series(2, 1)], 4, [[1, 1, 2], [1, 1, 3], [2, 2, 1]]); // a series that is too large alone, by time
});

test('ranges of any two chunks of one flush nest in no other way than beside each other, and no row is lost', () => {
  const shape = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 40 }), rowCount: fc.integer({ min: 1, max: 30 }) }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(shape, fc.integer({ min: 1, max: 200 }), (shapes, rowCountMax) => {
      let seriesId = 0;
      const parts = shapes.map(({ gap, rowCount }) => series((seriesId += gap), rowCount));
      const chunks = shapeOf(cutChunks(parts, () => 4 * rowCountMax));
      expect(chunks.reduce((sum, [, , rows]) => sum + rows, 0)).toBe(shapes.reduce((sum, { rowCount }) => sum + rowCount, 0));
      const ranges = chunks.map(([first, last]) => {
        const level = levelOf(first, last);
        return [(first >>> level) * 2 ** level, ((first >>> level) + 1) * 2 ** level] as const;
      });
      for (const [start, end] of ranges) {
        for (const [otherStart, otherEnd] of ranges) expect((start === otherStart && end === otherEnd) || end <= otherStart || otherEnd <= start).toBe(true);
      }
      for (const [first, last, rows] of chunks) if (first !== last) expect(rows).toBeLessThanOrEqual(rowCountMax);
    }),
    { numRuns: 500 },
  );
});
