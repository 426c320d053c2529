import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shardIndexOf } from './series-hash.ts';

const MASK = (1n << 64n) - 1n;

function dumbHash(key: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(key)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  return hash;
}

test('W3: a series goes to the shard that FNV-1a with 64 bits names', () => {
  expect(dumbHash('a')).toBe(0xaf63dc4c8601ec8cn); // a published vector
  expect(shardIndexOf('a', 1_000_003)).toBe(Number(0xaf63dc4c8601ec8cn % 1_000_003n));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 1_000_003 }), (key, shardCount) => {
      expect(shardIndexOf(key, shardCount)).toBe(Number(dumbHash(key.toWellFormed()) % BigInt(shardCount)));
    }),
  );
});
