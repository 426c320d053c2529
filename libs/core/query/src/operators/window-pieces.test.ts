import { expect, test } from 'vitest';
import { WindowGrid } from '../plan/window-grid.ts';
import { windowPieces } from './window-pieces.ts';

/** Windows of 10 ns from offset 3 on: window 0 ends there. */
const GRID = new WindowGrid({ everyNs: 10n, offsetNs: 3n }, 1_000n);

function piecesOf(startOffsetNs: number, endOffsetNs: number, windowCount: number, isDescending = false): number[][] {
  return [...windowPieces({ startOffsetNs, endOffsetNs }, GRID, { windowCount, isDescending })].map((piece) => [piece.startOffsetNs, piece.endOffsetNs]);
}

test('pieces end where windows do, and grow', () => {
  expect(piecesOf(0, 100, 2)).toEqual([[0, 13], [13, 93], [93, 100]]);
  expect(piecesOf(5, 40, 1)).toEqual([[5, 13], [13, 40]]);
  expect(piecesOf(5, 12, 7)).toEqual([[5, 12]]);
});

test('from the end they start where windows do', () => {
  expect(piecesOf(0, 100, 2, true)).toEqual([[83, 100], [3, 83], [0, 3]]);
  expect(piecesOf(5, 40, 1, true)).toEqual([[33, 40], [5, 33]]);
  expect(piecesOf(5, 12, 7, true)).toEqual([[5, 12]]);
});

test('there is a piece where no window is wanted, and none of an empty range', () => {
  expect(piecesOf(0, 20, 0)).toEqual([[0, 3], [3, 20]]);
  expect(piecesOf(7, 7, 1)).toEqual([]);
});
