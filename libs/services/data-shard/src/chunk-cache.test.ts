import { sizeOfHeader, type ChunkHeader } from '@varve/storage';
import { expect, test } from 'vitest';
import { CachedChunks, ChunkCache } from './chunk-cache.ts';

const bytes = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

/** Of one field without numbers. */
function headerOf(pageCount: number): ChunkHeader {
  const [starts, times] = [new Uint32Array(pageCount + 1), new Float64Array(pageCount)];
  const fields = [{ name: 'f', type: 'string', summaries: { gaps: undefined, numbers: undefined } }] as const;
  const rest = { tier: 0, rowCount: pageCount, maxVersion: { wallMs: 0, counter: 0, incarnation: 0 }, payloadSizeBytes: 0, payloadChecksum: 0 };
  return { ...rest, fields, pageStarts: starts, minOffsetsNs: times, maxOffsetsNs: times, seriesIds: starts, blockStarts: starts, sectionStarts: starts };
}

test('the payload used longest ago leaves first', () => {
  const cache = new ChunkCache(40);
  cache.putPayload(1, 1, bytes(10));
  cache.putPayload(1, 2, bytes(10));
  cache.payload(1, 1);
  cache.putPayload(1, 3, bytes(10));
  expect([1, 2, 3].map((chunkId) => cache.payload(1, chunkId) !== undefined)).toEqual([true, false, true]);
  expect(cache.sizeBytes).toBe(20);
});

test('a payload over the whole bound is not kept and pushes nothing out', () => {
  const cache = new ChunkCache(40);
  cache.putPayload(1, 1, bytes(10));
  cache.putPayload(1, 2, bytes(21));
  expect(cache.payload(1, 1)).toBeDefined();
  expect(cache.payload(1, 2)).toBeUndefined();
});

test('the same payload twice counts once, and another shard’s chunk is another one', () => {
  const cache = new ChunkCache(40);
  cache.putPayload(1, 1, bytes(10));
  cache.putPayload(1, 1, bytes(10));
  expect(cache.sizeBytes).toBe(10);
  expect(cache.payload(2, 1)).toBeUndefined();
});

test('payloads do not push out headers, which count with what they unfold to', () => {
  const header = headerOf(3);
  const cache = new ChunkCache(2 * sizeOfHeader(header));
  cache.putHeader(1, 1, header);
  for (let chunkId = 1; chunkId < 10_000; chunkId += 1) cache.putPayload(1, chunkId, bytes(10));
  expect(cache.header(1, 1)).toBeDefined();
  expect(cache.sizeBytes).toBeGreaterThan(2 * sizeOfHeader(header) - 10);
  cache.putHeader(1, 2, headerOf(2));
  expect([1, 2].map((chunkId) => cache.header(1, chunkId) !== undefined)).toEqual([false, true]);
});

test('the chunks of a shard that were asked for last stay at hand, and one that was not there is looked for again', () => {
  const cache = new ChunkCache(40);
  const chunks = new CachedChunks(cache, 1);
  expect(chunks.payload(1)).toBeUndefined();
  cache.putPayload(2, 1, bytes(9)); // of another shard
  expect(chunks.payload(1)).toBeUndefined();
  cache.putPayload(1, 1, bytes(10));
  expect(chunks.payload(1)).toHaveLength(10);
  for (const chunkId of [2, 3]) cache.putPayload(1, chunkId, bytes(10)); // 1 has to go
  expect([cache.payload(1, 1), chunks.payload(1)?.length]).toEqual([undefined, 10]);
  for (const chunkId of [3, 4, 5]) {
    cache.putPayload(1, chunkId, bytes(10));
    expect([chunks.payload(chunkId)?.length, chunks.payload(1)?.length]).toEqual([10, 10]);
  }
  cache.putPayload(1, 6, bytes(10));
  expect(chunks.payload(6)).toHaveLength(10);
  expect(chunks.payload(1)).toBeUndefined();
});
