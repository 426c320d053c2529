import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimePieces } from './time-pieces.ts';

test('QC4: pieces cover the range once, in order, whatever is found in them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 100 }),
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.constantFrom(0, 10, 40_000, 70_000, 1_000_000), { minLength: 1 }),
      (startOffsetNs, span, seriesCount, isDescending, isShort, rowCounts) => {
        const pieces = new TimePieces({ startOffsetNs, endOffsetNs: startOffsetNs + span }, { seriesCount, isDescending, isShort });
        let edge = isDescending ? startOffsetNs + span : startOffsetNs;
        let count = 0;
        for (let piece = pieces.next(); piece !== undefined; piece = pieces.next()) {
          expect(isDescending ? piece.endOffsetNs : piece.startOffsetNs).toBe(edge);
          expect(piece.startOffsetNs).toBeLessThan(piece.endOffsetNs);
          edge = isDescending ? piece.startOffsetNs : piece.endOffsetNs;
          pieces.adapt(rowCounts[count % rowCounts.length]!);
          count += 1;
        }
        expect(edge).toBe(isDescending ? startOffsetNs : startOffsetNs + span);
      },
    ),
  );
});
