import fc from 'fast-check';
import { DbError, Prng } from '@varve/base';
import { checksum } from '@varve/codec';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeFrame } from './decode-frame.ts';
import { encodeFrames } from './encode-frame.ts';
import { frameHeader } from './frame-header.ts';
import { sealFrame } from './layout.ts';
import { anyPoints, cellsOfFrames, SHARD, sliceOf, stamps } from './testing/slices.ts';
import { anyTombstone } from './testing/tombstones.ts';
import { encodeTombstone } from './tombstone-frame.ts';

// Two kinds of bad bytes. Damage: any change of a sealed frame must be refused, because the checksum sees it. Forgery: the
// checksum is made right again, so that the body's own checks are all that is left; then a frame is read to the last cell
// or refused, and nothing else happens.
const CHECKSUM_AT = 8;
const BODY_SIZE_AT = 12;
const HEADER_SIZE_BYTES = 56;
const FORGERIES_PER_SEED = 100_000;

const tombstones = fc
  .sample(anyTombstone, { seed: 1, numRuns: 100 })
  .map((tombstone) => sealFrame(encodeTombstone(SHARD, tombstone), stamps()()));
const samples = [
  ...fc.sample(anyPoints, { seed: 1, numRuns: 300 }).flatMap((points) => encodeFrames(sliceOf(points), stamps())),
  ...tombstones,
];

test('F7: every single flipped bit of a frame is refused', () => {
  const smallest = samples
    .filter(({ length }) => length > HEADER_SIZE_BYTES)
    .sort((left, right) => left.length - right.length);
  for (const bytes of [smallest[0]!, smallest[20]!, smallest[60]!, tombstones[0]!, tombstones[1]!]) {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(isRefused(flipped), `bit ${bit}`).toBe(true);
      expect(() => frameHeader(flipped)).toThrow(DbError);
    }
  }
});

test('F7: a frame cut short or followed by anything is refused', () => {
  for (const bytes of [...samples.slice(0, 40), ...tombstones.slice(0, 20)]) {
    for (let end = 0; end < bytes.length; end += 1) expect(isRefused(bytes.subarray(0, end))).toBe(true);
    expect(isRefused(Uint8Array.of(...bytes, 0))).toBe(true);
  }
});

test.each(seeds(5))('F7: damaged frames are refused (seed %i)', (seed) => {
  const random = new Prng(seed);
  for (let round = 0; round < FORGERIES_PER_SEED; round += 1) {
    const bytes = random.pick(samples);
    const damaged = damage(bytes, random);
    if (!isSame(bytes, damaged) && !isRefused(damaged)) expect.fail(`accepted ${damaged.join(' ')}`);
  }
});

test.each(seeds(5))('F8: forged frames are read to the last cell or refused (seed %i)', (seed) => {
  const random = new Prng(seed + 1_000);
  let refusedCount = 0;
  for (let round = 0; round < FORGERIES_PER_SEED; round += 1)
    refusedCount += Number(isRefused(forge(damage(random.pick(samples), random))));
  expect(refusedCount).toBeGreaterThan(FORGERIES_PER_SEED / 10);
  expect(refusedCount).toBeLessThan(FORGERIES_PER_SEED);
});

/** Reads every cell; anything but FRAME_INVALID is a failure of the test. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    cellsOfFrames([decodeFrame(bytes)]);
    return false;
  } catch (error) {
    if (!(error instanceof DbError) || error.code !== 'FRAME_INVALID') throw error;
    return true;
  }
}

function damage(bytes: Uint8Array, random: Prng): Uint8Array {
  const isCut = random.chance(0.1);
  const copy = bytes.slice(0, isCut ? random.between(0, bytes.length) : bytes.length);
  for (let hit = random.between(1, 3); hit > 0 && copy.length > 0; hit -= 1) {
    const at = random.between(random.chance(0.7) ? Math.min(HEADER_SIZE_BYTES, copy.length - 1) : 0, copy.length - 1);
    copy[at] = random.chance(0.5) ? copy[at]! ^ (1 << random.between(0, 7)) : random.pick([0, 1, 2, 0x7f, 0x80, 0xff]);
  }
  return copy;
}

/** Makes size and checksum right again. */
function forge(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER_SIZE_BYTES) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint32(BODY_SIZE_AT, bytes.length - HEADER_SIZE_BYTES, true);
  view.setUint32(CHECKSUM_AT, checksum(bytes.subarray(BODY_SIZE_AT), checksum(bytes.subarray(0, CHECKSUM_AT))), true);
  return bytes;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
