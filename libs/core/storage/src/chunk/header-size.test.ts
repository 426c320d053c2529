import { expect, test } from 'vitest';
import { packSummaries } from './page-summaries.ts';
import { sizeOfHeader } from './header-size.ts';
import type { ChunkHeader } from './chunk-header.ts';

const NUMBERS = { first: 1, last: 1, min: 1, max: 1, minNs: 0, maxNs: 0, sum: 1, sumRest: 0 };

function headerOf(pageCount: number, fieldCount: number): ChunkHeader {
  const [starts, times] = [new Uint32Array(pageCount), new Float64Array(pageCount)];
  const summaries = packSummaries(Array.from({ length: pageCount }, () => ({ nullCount: 0, firstNs: 0, lastNs: 0, numbers: NUMBERS })));
  const fields = Array.from({ length: fieldCount }, (_, index) => ({ name: `f${index}`, type: 'float' as const, summaries }));
  const rest = { tier: 0, rowCount: pageCount, maxVersion: { wallMs: 0, counter: 0, incarnation: 0 }, payloadSizeBytes: 0, payloadChecksum: 0 };
  return { ...rest, fields, pageStarts: starts, minOffsetsNs: times, maxOffsetsNs: times, seriesIds: starts, blockStarts: starts, sectionStarts: starts };
}

test('the size of a header counts the numbers of each field and page, and the arrays that hold them', () => {
  const [small, manyPages, manyFields] = [sizeOfHeader(headerOf(1, 1)), sizeOfHeader(headerOf(101, 1)), sizeOfHeader(headerOf(1, 2))];
  expect(manyPages - small).toBe(100 * (4 * 4 + 2 * 8 + 7 * 8));
  expect(manyFields - small).toBeGreaterThan(7 * 8);
});
