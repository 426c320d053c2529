import type { SeriesKey } from '@varve/model';

/*
 * FNV-1a with 64 bits, without bigints: the hash is kept as four 16-bit limbs, lowest first, so that every product of
 * two limbs stays exact. The prime is 2^40 + 0x1b3: its limbs are 0x1b3, 0, 0x100, 0.
 */
const PRIME_LOW = 0x1b3;
const PRIME_HIGH = 0x100;

const utf8 = new TextEncoder();

/**
 * Which of `shardCount` shards of a group holds a series: FNV-1a (64 bits) of the canonical key's UTF-8 bytes, modulo
 * the number of shards. @returns 0..shardCount − 1. Source: InfluxDB Enterprise.
 */
export function shardIndexOf(key: SeriesKey, shardCount: number): number {
  if (shardCount === 1) return 0;
  let [limb0, limb1, limb2, limb3] = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (const byte of utf8.encode(key)) {
    const low = limb0 ^ byte;
    const sum0 = low * PRIME_LOW;
    const sum1 = limb1 * PRIME_LOW + (sum0 >>> 16);
    const sum2 = limb2 * PRIME_LOW + low * PRIME_HIGH + (sum1 >>> 16);
    const sum3 = limb3 * PRIME_LOW + limb1 * PRIME_HIGH + (sum2 >>> 16);
    limb0 = sum0 & 0xffff;
    limb1 = sum1 & 0xffff;
    limb2 = sum2 & 0xffff;
    limb3 = sum3 & 0xffff;
  }
  // Horner's scheme on the limbs: each step stays below 2^16 × shardCount.
  return [limb2, limb1, limb0].reduce((rest, limb) => (rest * 0x10000 + limb) % shardCount, limb3 % shardCount);
}
