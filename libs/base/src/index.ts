export { assert, AssertionError, unreachable } from './assert.ts';
export { BoundedQueue } from './bounded-queue.ts';
export { ByteReader, ByteWriter } from './bytes.ts';
export { DbError, ERROR_CODES } from './db-error.ts';
export { FloatSum } from './float-sum.ts';
export { Prng } from './prng.ts';
export { Scratch } from './scratch.ts';
export type { ErrorCode, ErrorTraits } from './db-error.ts';
export type { DurationMs, InstantMs, SizeBytes, TimestampNs, WallMs } from './units.ts';
