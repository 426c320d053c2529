export { openBackground } from './open-background.ts';
export { serveCalls } from './serve-calls.ts';
export { ThreadClient } from './thread-client.ts';
export type { CallClient } from './thread-client.ts';
export { HANDED_OVER_SIZE_BYTES_MIN } from './thread-protocol.ts';
export type { Served } from './thread-protocol.ts';
