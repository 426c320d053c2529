import { expect, test } from 'vitest';
import { rowVersions } from '../row-versions.ts';
import type { VersionedRows } from '../rows.ts';
import type { ChunkHeader } from './chunk-header.ts';
import { SharedPages } from './shared-pages.ts';

const HEADERS = [{}, {}] as unknown as readonly ChunkHeader[];

function pageOf(rowCount: number, textLength: number): VersionedRows {
  const values = Array.from({ length: rowCount }, () => 'x'.repeat(textLength));
  const column = { type: 'string', values, validity: undefined } as const;
  return { offsetsNs: new Float64Array(rowCount), columns: [{ name: 's', column }], versions: rowVersions([], new Uint32Array(0)) };
}

test('a page of a chunk is unpacked once for all its series', () => {
  const pages = new SharedPages();
  let unpackedCount = 0;
  const unpack = (): VersionedRows => {
    unpackedCount += 1;
    return pageOf(10, 5);
  };
  const first = HEADERS.map((header) => [0, 1, 2].map((page) => pages.of(header, page, unpack)));
  expect(unpackedCount).toBe(6);
  for (const [index, header] of HEADERS.entries()) for (const page of [2, 0, 1]) expect(pages.of(header, page, unpack)).toBe(first[index]![page]);
  expect(unpackedCount).toBe(6);
});

test('what is kept is bounded by its size, texts included', () => {
  const pages = new SharedPages();
  const unpacked: number[] = [];
  const ask = (page: number): VersionedRows =>
    pages.of(HEADERS[0]!, page, () => {
      unpacked.push(page);
      return pageOf(100, 50_000); // 5 MB
    });
  for (const page of [0, 1, 2, 0, 1, 2]) ask(page);
  expect(unpacked).toEqual([0, 1, 2]);
  for (const page of [3, 0]) ask(page); // there was no room for the fourth: it begins anew
  expect(unpacked).toEqual([0, 1, 2, 3, 0]);
});

test('a page that cannot be unpacked is not kept', () => {
  const pages = new SharedPages();
  const fail = (): VersionedRows => {
    throw new Error('damaged');
  };
  expect(() => pages.of(HEADERS[0]!, 0, fail)).toThrow('damaged');
  expect(pages.of(HEADERS[0]!, 0, () => pageOf(1, 1)).offsetsNs).toHaveLength(1);
});
