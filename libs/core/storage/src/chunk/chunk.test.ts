import { DbError } from '@varve/base';
import { checksum } from '@varve/codec';
import { compareVersions, type FieldSummary } from '@varve/model';
import { summaryIn } from '@varve/model/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherRows } from '../gather-rows.ts';
import { mergeBlocks } from '../merge-chunks.ts';
import { blockOf, concatBlocks, sliceBlocks, type SortedRows } from '../sorted-rows.ts';
import { anyRow, anyWallMs, markOf } from '../testing/arbitraries.ts';
import { cellsOf, columnOf, frameOf, type TestRow } from '../testing/frames.ts';
import { readChunk } from '../testing/read-chunk.ts';
import { encodeChunk } from './encode-chunk.ts';
import { WantedFields } from '../wanted-fields.ts';
import { decodeChunkHeader, encodeChunkHeader, type ChunkHeader } from './chunk-header.ts';
import type { NewChunkLike } from './encode-chunk.ts';
import { openHeader } from './open-header.ts';
import { checkPayload, firstBlockOf, readBlock } from './read-chunk.ts';

const HOUR_NS = 3_600e9;
type Frames = readonly (readonly [rows: readonly TestRow[], wallMs: number])[];

const anyFrames: fc.Arbitrary<Frames> = fc.array(fc.tuple(fc.array(anyRow, { minLength: 1, maxLength: 12 }), anyWallMs), { minLength: 1, maxLength: 5 });
/** Blocks of one measurement in normal form. The host is the series' id. */
const anySortedRows = anyFrames.map(rowsOf);

function rowsOf(frames: Frames): SortedRows {
  const parts = frames.map(([rows, wallMs], index) => {
    const { header, sections } = frameOf(markOf(index, wallMs), rows.map((row) => ({ ...row, key: `cpu,host=${row.key.length}` })));
    const { seriesKeys, rows: frameRows } = sections[0]!;
    const segment = { rows: frameRows, version: header.version, fields: frameRows.columns };
    const groups = seriesKeys.map((key, place) => ({
      seriesId: Number(key.split('=')[1]),
      pieces: [{ segment, startRow: frameRows.rowStarts[place]!, endRow: frameRows.rowStarts[place + 1]! }],
    }));
    return gatherRows(groups.sort((left, right) => left.seriesId - right.seriesId), new WantedFields(undefined));
  });
  return mergeBlocks(concatBlocks(parts));
}

const VERSION = { wallMs: 7, counter: 0, incarnation: 1 };

/** One series with a float per row. */
function floatsAt(seriesId: number, offsetsNs: readonly number[], valueOf = (row: number): number => row / 4): SortedRows {
  return blockOf(seriesId, {
    offsetsNs: Float64Array.from(offsetsNs),
    columns: [{ name: 'f', column: columnOf('float', offsetsNs.map((_, row) => valueOf(row))) }],
    versions: { versions: [VERSION], ordinals: new Uint32Array(offsetsNs.length) },
  });
}

const every = (stepNs: number, count: number, startNs = 0): number[] => Array.from({ length: count }, (_, row) => startNs + row * stepNs);

/** Two series: one with two pages, both with every type. */
const SAMPLE = rowsOf([
  [every(40e9, 170).map((offsetNs, at) => ({ key: 'a', offsetNs, fields: { f: at / 4, i: at % 2 === 0 ? at : 2n ** 60n, s: `text ${at}`, b: at > 3 } })), 1_000],
  [[{ key: 'bb', offsetNs: 2e9, fields: { f: 7 } }, { key: 'bb', offsetNs: 9e9, fields: { f2: 0.1 + 0.2 } }], 1_001],
]);

const invalid = expect.objectContaining({ code: 'CHUNK_INVALID' });

function same(read: SortedRows, written: SortedRows): void {
  expect(read.offsetsNs).toEqual(written.offsetsNs);
  const versionsOf = ({ versions: { versions, ordinals } }: SortedRows) => Array.from(ordinals, (ordinal) => versions[ordinal]);
  expect(versionsOf(read)).toEqual(versionsOf(written));
  const seriesOf = ({ seriesIds, starts }: SortedRows): number[] => Array.from(seriesIds).flatMap((seriesId, block) => Array<number>(starts[block + 1]! - starts[block]!).fill(seriesId));
  expect(seriesOf(read)).toEqual(seriesOf(written));
  for (let row = 0; row < read.offsetsNs.length; row += 1) expect(cellsAt(read, row)).toEqual(cellsAt(written, row));
}

function cellsAt(rows: SortedRows, row: number): unknown {
  return [...cellsOf(sliceBlocks({ ...rows, versions: rows.versions, seriesIds: Uint32Array.of(1, 1, 1), starts: Uint32Array.of(0, row, row + 1, rows.offsetsNs.length) }, 1, 2)).values()].map((cells) => [...cells].sort());
}

test('a chunk gives back its rows: series, times, versions, and every cell of every type', () => {
  fc.assert(
    fc.property(anySortedRows, fc.nat(9), (rows, tier) => {
      const chunk = encodeChunk(rows, tier);
      const header = openHeader(chunk, chunk.header);
      checkPayload(header, chunk.payload);
      same(readChunk(header, chunk.payload), rows);
      expect([chunk.tier, chunk.rowCount, chunk.firstSeriesId, chunk.lastSeriesId]).toEqual([tier, rows.offsetsNs.length, rows.seriesIds[0], rows.seriesIds.at(-1)]);
      expect([chunk.minOffsetNs, chunk.maxOffsetNs]).toEqual([Math.min(...rows.offsetsNs), Math.max(...rows.offsetsNs)]);
      expect(rows.versions.versions.every((version) => compareVersions(version, header.maxVersion) <= 0)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('a block alone is read, with the wanted columns only', () => {
  const { header: bytes, payload } = encodeChunk(SAMPLE, 0);
  const header = decodeChunkHeader(bytes);
  const fieldsOf = (wanted: readonly number[]): string[] => readBlock(header, payload, 0, wanted).columns.map(({ name }) => name);
  const at = (name: string): number => header.fields.findIndex((field) => field.name === name);
  expect([fieldsOf([at('i')]), fieldsOf([at('s'), at('f')]), fieldsOf([at('f2')]), fieldsOf([])]).toEqual([['i'], ['s', 'f'], [], []]);
  const first = firstBlockOf(header, 2);
  expect(header.seriesIds.filter((seriesId) => seriesId === 2).length).toBe(1);
  expect(cellsOf(readBlock(header, payload, first, [at('f'), at('f2')]))).toEqual(new Map([[2e9, new Map([['f', 7]])], [9e9, new Map([['f2', 0.1 + 0.2]])]]));
  expect(firstBlockOf(header, 9)).toBe(3);
});

test('a series is cut at hours where both sides have enough rows, and at 4,096 rows; small pieces share pages', () => {
  const pagesOf = (...parts: SortedRows[]): (readonly [series: number, rows: number])[][] => {
    const { pageStarts, seriesIds, blockStarts } = decodeChunkHeader(encodeChunk(concatBlocks(parts), 0).header);
    return Array.from({ length: pageStarts.length - 1 }, (_, page) =>
      Array.from({ length: pageStarts[page + 1]! - pageStarts[page]! }, (_block, index) => pageStarts[page]! + index).map((block) => [seriesIds[block]!, blockStarts[block + 1]! - blockStarts[block]!] as const),
    );
  };
  expect(pagesOf(floatsAt(1, every(10e9, 720)))).toEqual([[[1, 360]], [[1, 360]]]);
  expect(pagesOf(floatsAt(1, every(10e9, 720, HOUR_NS / 2)))).toEqual([[[1, 180]], [[1, 360]], [[1, 180]]]);
  expect(pagesOf(floatsAt(1, every(60e9, 240)))).toEqual([[[1, 120]], [[1, 120]]]); // 60 rows an hour: two hours a page
  expect(pagesOf(floatsAt(1, every(1e6, 10_000)))).toEqual([[[1, 4_096]], [[1, 4_096]], [[1, 1_808]]]);
  expect(pagesOf(floatsAt(1, [1]), floatsAt(2, [1]), floatsAt(3, every(10e9, 370)), floatsAt(4, [1]))).toEqual([[[1, 1], [2, 1]], [[3, 360]], [[3, 10], [4, 1]]]);
  const many = Array.from({ length: 600 }, (_, index) => floatsAt(index + 1, [1]));
  expect(pagesOf(...many).map(({ length }) => length)).toEqual([512, 88]);
});

test('T2: the header summarizes the cells of each field of a page of one block exactly', () => {
  const summaryAt = (values: number[]): FieldSummary => {
    const { header } = encodeChunk(floatsAt(1, [...values.keys()], (row) => values[row]!), 0);
    return summaryIn(decodeChunkHeader(header).fields[0]!.summaries, 0);
  };
  expect(summaryAt([-0])).toMatchObject({ nullCount: 0, numbers: { first: -0, last: -0, min: -0, max: -0, minNs: 0, maxNs: 0, sum: 0, sumRest: 0 } });
  expect(summaryAt([Infinity, -Infinity]).numbers).toBeUndefined();
  expect(summaryAt([3, 1, 5, 1, 5]).numbers).toMatchObject({ first: 3, last: 5, min: 1, max: 5, minNs: 1, maxNs: 2, sum: 15 });
  // Sums do not depend on the order, nor on how values are spread over pages.
  expect(summaryAt([1e100, 1, -1e100]).numbers).toMatchObject({ sum: 1 });
  expect(summaryAt([0.1, 0.2, 0.3]).numbers!.sum).toBe(0.6);
});

test('T2: integers that are not exact, or whose sum is not, have no numbers; strings and booleans only a count', () => {
  const summaryAt = (type: 'integer' | 'string' | 'boolean', values: Parameters<typeof columnOf>[1]): FieldSummary => {
    const offsetsNs = Float64Array.from(values.keys());
    const rows = blockOf(1, { offsetsNs, columns: [{ name: 'x', column: columnOf(type, values) }], versions: { versions: [VERSION], ordinals: new Uint32Array(values.length) } });
    return summaryIn(decodeChunkHeader(encodeChunk(rows, 0).header).fields[0]!.summaries, 0);
  };
  const max = Number.MAX_SAFE_INTEGER;
  expect(summaryAt('integer', [max, 1]).numbers).toBeUndefined();
  expect(summaryAt('integer', [2n ** 63n - 1n, 1]).numbers).toBeUndefined();
  expect(summaryAt('integer', [undefined, 4, -2, undefined])).toEqual({ nullCount: 2, firstNs: 1, lastNs: 1, numbers: { first: 4, last: -2, min: -2, max: 4, minNs: 2, maxNs: 1, sum: 2, sumRest: 0 } });
  expect(summaryAt('string', ['a', undefined])).toEqual({ nullCount: 1, firstNs: 0, lastNs: 1, numbers: undefined });
  expect(summaryAt('boolean', [true, false])).toEqual({ nullCount: 0, firstNs: 0, lastNs: 0, numbers: undefined });
});

test('F13: any flipped bit in a header or payload is found', () => {
  const { header, payload } = encodeChunk(SAMPLE, 0);
  const parsed = decodeChunkHeader(header);
  const flipped = (bytes: Uint8Array, bit: number): Uint8Array => bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  for (let bit = 0; bit < header.length * 8; bit += 1) expect(() => decodeChunkHeader(flipped(header, bit))).toThrow(invalid);
  for (let bit = 0; bit < payload.length * 8; bit += 1) expect(() => checkPayload(parsed, flipped(payload, bit))).toThrow(invalid);
});

test('F13: a header or payload that is cut short or has more at its end is found', () => {
  const { header, payload } = encodeChunk(SAMPLE, 0);
  const parsed = decodeChunkHeader(header);
  for (let length = 0; length < header.length; length += 1) expect(() => decodeChunkHeader(header.subarray(0, length))).toThrow(invalid);
  for (let length = 0; length < payload.length; length += 1) expect(() => checkPayload(parsed, payload.subarray(0, length))).toThrow(invalid);
  expect(() => checkPayload(parsed, new Uint8Array([...payload, 0]))).toThrow(invalid);
});

test('F13: a header of another format is refused by its number', () => {
  const { header } = encodeChunk(SAMPLE, 0);
  const newer = Uint8Array.from(header.subarray(0, -4));
  newer[0] = 3;
  expect(() => decodeChunkHeader(sealed(newer))).toThrow('format 3 of a chunk, this version reads 2');
});

test('F13: a row of a version that the chunk does not have is found when versions are asked for', () => {
  const chunk = encodeChunk({ ...SAMPLE, versions: { versions: SAMPLE.versions.versions, ordinals: SAMPLE.versions.ordinals } }, 0);
  const header = decodeChunkHeader(chunk.header);
  const payload = Uint8Array.from(chunk.payload);
  payload[0] = 1; // of two versions
  expect(() => readBlock(header, payload, 2, []).versions).toThrow(invalid);
});

type Bytes = Pick<NewChunkLike, 'header' | 'payload'>;

// Methodology: bytes that no encoder wrote, with checksums that are right, so that every parser behind them is reached.
// They may mean something, or be refused with CHUNK_INVALID; nothing else may be thrown, and nothing may take long.
test('F13: damage behind a right checksum is refused with CHUNK_INVALID, or read as rows', () => {
  const { header, payload } = encodeChunk(SAMPLE, 0);
  const edit = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)) });
  const parsed = decodeChunkHeader(header);
  const body = header.subarray(0, -4);
  const ofHeader = { bytes: body, startByte: 0, endByte: body.length, chunkOf: (bytes: Uint8Array): Bytes => ({ header: sealed(bytes), payload }) };
  const ofPayload = { bytes: payload, chunkOf: (bytes: Uint8Array): Bytes => ({ header: withChecksum(parsed, bytes), payload: bytes }) };
  const parts = [ofHeader, { ...ofPayload, startByte: 0, endByte: parsed.sectionStarts[2]! }, { ...ofPayload, startByte: 0, endByte: payload.length }];
  let refused = 0;
  const attempt = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== 'CHUNK_INVALID') throw error;
      refused += 1;
    }
  };
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.constantFrom(...parts), (edits, part) => {
      const bytes = Uint8Array.from(part.bytes);
      for (const { at, byte } of edits) bytes[part.startByte + (at % (part.endByte - part.startByte))] = byte;
      attempt(() => readAll(part.chunkOf(bytes)));
    }),
    { numRuns: 20_000 },
  );
  expect(refused).toBeGreaterThan(5_000);
});

/** Unpacks everything, and lets two copies meet, so that versions decide. */
function readAll({ header: bytes, payload }: Bytes): void {
  const header = decodeChunkHeader(bytes);
  checkPayload(header, payload);
  const rows = readChunk(header, payload);
  mergeBlocks(concatBlocks([rows, rows]));
}

function sealed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 4);
  bytes.set(body);
  new DataView(bytes.buffer).setUint32(body.length, checksum(body), true);
  return bytes;
}

function withChecksum(header: ChunkHeader, payload: Uint8Array): Uint8Array {
  return encodeChunkHeader({ ...header, payloadChecksum: checksum(payload) });
}
