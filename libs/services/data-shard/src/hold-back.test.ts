import { expect, test } from 'vitest';
import { holdBackMsOf } from './hold-back.ts';

const BATCH = 60_000;
const ROW = 200;

test('nobody waits while memtables have room; the fuller they are, the longer bulk writers do', () => {
  expect([0, 0.3, 0.5].map((fullness) => holdBackMsOf(fullness, BATCH))).toEqual([0, 0, 0]);
  const waits = [0.6, 0.7, 0.8, 0.9].map((fullness) => holdBackMsOf(fullness, BATCH));
  expect(waits).toEqual(waits.toSorted((left, right) => left - right));
  expect(new Set(waits).size).toBe(4);
});

test('a single row waits for milliseconds at most, and no frame for more than a second', () => {
  expect(holdBackMsOf(1, ROW)).toBeLessThan(10);
  expect(holdBackMsOf(1, 512 * 1_024)).toBe(1_000);
  expect(holdBackMsOf(2, BATCH)).toBe(1_000);
});
