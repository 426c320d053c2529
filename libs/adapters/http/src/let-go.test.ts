import { expect, test } from 'vitest';
import { isWhole, letGo } from './let-go.ts';

test('memory is given back once, and bytes that share it are told from those that have it for themselves', () => {
  const bytes = new Uint8Array(10_000);
  expect(isWhole(bytes)).toBe(true);
  expect(isWhole(bytes.subarray(1))).toBe(false);
  letGo(bytes);
  expect(bytes.length).toBe(0);
  letGo(bytes);
});
