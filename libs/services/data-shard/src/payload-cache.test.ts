import { expect, test } from 'vitest';
import { PayloadCache } from './payload-cache.ts';

const bytes = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

test('the payload used longest ago leaves first', () => {
  const cache = new PayloadCache(20);
  cache.put('1/1', bytes(10));
  cache.put('1/2', bytes(10));
  cache.get('1/1');
  cache.put('1/3', bytes(10));
  expect(['1/1', '1/2', '1/3'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
  expect(cache.sizeBytes).toBe(20);
});

test('a payload over the whole bound is not kept and pushes nothing out', () => {
  const cache = new PayloadCache(20);
  cache.put('1/1', bytes(10));
  cache.put('1/2', bytes(21));
  expect(cache.get('1/1')).toBeDefined();
  expect(cache.get('1/2')).toBeUndefined();
});

test('the same payload twice counts once', () => {
  const cache = new PayloadCache(20);
  cache.put('1/1', bytes(10));
  cache.put('1/1', bytes(10));
  expect(cache.sizeBytes).toBe(10);
});
