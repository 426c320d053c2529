import { crc32 } from 'node:zlib';

/** CRC-32 as zlib has it, 0..2^32−1. Finds every single flipped bit and every burst of up to 32 bits. */
export function checksum(bytes: Uint8Array, previous = 0): number {
  return crc32(bytes, previous);
}
