import { webcrypto } from 'node:crypto';
import type { Random } from '@varve/ports';

/** Drawn together: one call to the operating system costs as much as hundreds of numbers. */
const DRAWN_COUNT = 256;
const drawn = new Uint32Array(DRAWN_COUNT);
let usedCount = DRAWN_COUNT;

/** Numbers of the operating system, good enough for ids and secrets. */
export const systemRandom: Random = {
  uint32() {
    if (usedCount === DRAWN_COUNT) {
      webcrypto.getRandomValues(drawn);
      usedCount = 0;
    }
    const number = drawn[usedCount]!;
    drawn[usedCount] = 0;
    usedCount += 1;
    return number;
  },
};
