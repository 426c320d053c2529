import { DbError } from '@varve/base';
import { checksum } from '@varve/codec';
import { compareVersions, hasValue, valueAt, type NamedColumn } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeChunk, encodeChunk, type NewChunkLike } from './chunk.ts';
import { decodeChunkHeader, encodeChunkHeader, type ChunkHeader } from './chunk-header.ts';
import type { FieldSummary } from './field-summary.ts';
import { gatherRows } from './gather-rows.ts';
import { mergeRows, type VersionedRows } from './rows.ts';
import { anyRow, anyWallMs, markOf } from './testing/arbitraries.ts';
import { cellsOf, columnOf, frameOf } from './testing/frames.ts';

const anyVersionedRows = fc
  .array(fc.tuple(fc.array(anyRow, { minLength: 1, maxLength: 12 }), anyWallMs), { minLength: 1, maxLength: 5 })
  .map(rowsOf);

function rowsOf(frames: readonly (readonly [Parameters<typeof frameOf>[1], number])[]): VersionedRows {
  const pieces = frames.map(([rows, wallMs], index) => {
    const { header, sections } = frameOf(
      markOf(index, wallMs),
      rows.map((row) => ({ ...row, key: 'cpu' })),
    );
    return {
      segment: { rows: sections[0]!.rows, version: header.version },
      startRow: 0,
      endRow: sections[0]!.rows.rowCount,
    };
  });
  return mergeRows(gatherRows([pieces]));
}

/** 8 rows, ordinary. */
const SAMPLE = rowsOf([
  [
    [...Array(6).keys()].map((at) => ({
      key: 'cpu',
      offsetNs: at * 1e9,
      fields: { f: at / 4, i: at % 2 === 0 ? at : 2n ** 60n, s: `text ${at}`, b: at > 3 },
    })),
    1_000,
  ],
  [
    [
      { key: 'cpu', offsetNs: 2e9, fields: { f: 7 } },
      { key: 'cpu', offsetNs: 9e9, fields: { f2: 0.1 + 0.2 } },
    ],
    1_001,
  ],
]);

function cellCountOf({ column }: NamedColumn, rowCount: number): number {
  return Array.from({ length: rowCount }, (_, row) => row).filter((row) => hasValue(column, row)).length;
}

test('a chunk gives back its rows: times, versions, and every cell of every type', () => {
  fc.assert(
    fc.property(anyVersionedRows, (rows) => {
      const { header, payload, minOffsetNs, maxOffsetNs } = encodeChunk(3, rows);
      const decoded = decodeChunk(header, payload);
      expect(decoded.offsetsNs).toEqual(rows.offsetsNs);
      expect(decoded.versions).toEqual(rows.versions);
      expect(cellsOf(decoded)).toEqual(cellsOf(rows));
      expect([minOffsetNs, maxOffsetNs]).toEqual([rows.offsetsNs[0], rows.offsetsNs.at(-1)]);
    }),
    { numRuns: 300 },
  );
});

test('only the wanted columns are unpacked', () => {
  const { header, payload } = encodeChunk(3, SAMPLE);
  const check = (names: string[], expected: string[]): void =>
    expect(decodeChunk(header, payload, names).columns.map(({ name }) => name)).toEqual(expected);

  check(['i'], ['i']);
  check(['s', 'f', 'unknown'], ['f', 's']);
  check([], []);
});

test('T2: the header summarizes the cells of each field exactly', () => {
  fc.assert(
    fc.property(anyVersionedRows, (rows) => {
      const { fields, rowCount, maxVersion } = decodeChunkHeader(encodeChunk(3, rows).header);
      expect(rowCount).toBe(rows.offsetsNs.length);
      expect(rows.versions.versions.every((version) => compareVersions(version, maxVersion) <= 0)).toBe(true);
      expect(fields.map(({ name }) => name)).toEqual(rows.columns.map(({ name }) => name));
      for (const [index, { type, summary }] of fields.entries()) {
        const { column } = rows.columns[index]!;
        const cells = [...rows.offsetsNs.keys()]
          .map((row) => ({ offsetNs: rows.offsetsNs[row]!, value: valueAt(column, row) }))
          .filter(({ value }) => value !== undefined);
        expect(summary.count).toBe(cellCountOf(rows.columns[index]!, rowCount));
        expect([summary.firstOffsetNs, summary.lastOffsetNs]).toEqual([cells[0]!.offsetNs, cells.at(-1)!.offsetNs]);
        if (type === 'string') continue;
        expect([summary.first, summary.last]).toEqual([cells[0]!.value, cells.at(-1)!.value]);
        if (type === 'boolean') continue;
        const values = cells.map(({ value }) => value as number | bigint);
        expect(values.every((value) => summary.min! <= value && value <= summary.max!)).toBe(true);
        expect(values.some((value) => value == summary.min) && values.some((value) => value == summary.max)).toBe(true);
        if (type === 'float') expect(summary.sum).toBe((values as number[]).reduce((sum, value) => sum + value, 0));
        else
          expect(BigInt(summary.sum!)).toBe(
            BigInt.asIntN(
              64,
              values.reduce<bigint>((sum, value) => sum + BigInt(value), 0n),
            ),
          );
      }
    }),
    { numRuns: 300 },
  );
});

test('a sum of integers is exact beyond 2^53 and wraps beyond int64', () => {
  const check = (values: (number | bigint)[], expected: number | bigint): void => {
    const rows = {
      offsetsNs: Float64Array.from(values.keys()),
      columns: [{ name: 'i', column: columnOf('integer', values) }],
      versions: SAMPLE.versions,
    };
    const versions = { versions: [SAMPLE.versions.versions[0]!], ordinals: new Uint32Array(values.length) };
    expect(decodeChunkHeader(encodeChunk(1, { ...rows, versions }).header).fields[0]!.summary.sum).toBe(expected);
  };
  const max = Number.MAX_SAFE_INTEGER;

  check([max, 1], 2n ** 53n);
  check([max, 2, -3], max - 1);
  check([2n ** 63n - 1n, 1], -(2n ** 63n));
});

test('zeros with a sign and sums that are no number are kept in the summary', () => {
  const summaryOf = (values: number[]): FieldSummary => {
    const versions = { versions: [SAMPLE.versions.versions[0]!], ordinals: new Uint32Array(values.length) };
    const rows = {
      offsetsNs: Float64Array.from(values.keys()),
      columns: [{ name: 'f', column: columnOf('float', values) }],
      versions,
    };
    return decodeChunkHeader(encodeChunk(1, rows).header).fields[0]!.summary;
  };
  expect(summaryOf([-0])).toMatchObject({ first: -0, last: -0, min: -0, max: -0, sum: 0 });
  expect(summaryOf([Infinity, -Infinity])).toMatchObject({ min: -Infinity, max: Infinity, sum: NaN });
  expect(summaryOf([0.1, 0.2])).toMatchObject({ first: 0.1, last: 0.2, sum: 0.1 + 0.2 });
});

const invalid = expect.objectContaining({ code: 'CHUNK_INVALID' });

test('F13: any flipped bit in a header or payload is found', () => {
  const { header, payload } = encodeChunk(3, SAMPLE);
  const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
    bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  for (let bit = 0; bit < header.length * 8; bit += 1)
    expect(() => decodeChunkHeader(flipped(header, bit))).toThrow(invalid);
  for (let bit = 0; bit < payload.length * 8; bit += 1)
    expect(() => decodeChunk(header, flipped(payload, bit), [])).toThrow(invalid);
});

test('F13: a header or payload that is cut short or has more at its end is found', () => {
  const { header, payload } = encodeChunk(3, SAMPLE);
  for (let length = 0; length < header.length; length += 1)
    expect(() => decodeChunkHeader(header.subarray(0, length))).toThrow(invalid);
  for (let length = 0; length < payload.length; length += 1)
    expect(() => decodeChunk(header, payload.subarray(0, length))).toThrow(invalid);
  const longer = new Uint8Array([...payload, 0]);
  expect(() => decodeChunk(header, longer)).toThrow(invalid);
});

test('F13: a row of a version that the chunk does not have is found when versions are asked for', () => {
  const ordinals = SAMPLE.versions.ordinals.map((ordinal, row) => (row === 3 ? 2 : ordinal));
  const { header, payload } = encodeChunk(3, { ...SAMPLE, versions: { ...SAMPLE.versions, ordinals } });
  expect(() => decodeChunk(header, payload).versions).toThrow(invalid);
});

type Bytes = Pick<NewChunkLike, 'header' | 'payload'>;

// Methodology: bytes that no encoder wrote, with checksums that are right, so that every parser behind them is reached.
// They may mean something, or be refused with CHUNK_INVALID; nothing else may be thrown, and nothing may take long.
test('F13: damage behind a right checksum is refused with CHUNK_INVALID, or read as rows', () => {
  const { header, payload } = encodeChunk(3, SAMPLE);
  const edit = fc.record({ at: fc.nat(), byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)) });
  const parsed = decodeChunkHeader(header);
  const withPayload = (bytes: Uint8Array): Bytes => ({ header: withChecksum(parsed, bytes), payload: bytes });
  const body = header.subarray(0, -4);
  const parts = [
    {
      bytes: body,
      startByte: 0,
      endByte: body.length,
      chunkOf: (bytes: Uint8Array): Bytes => ({ header: sealed(bytes), payload }),
    },
    { bytes: payload, startByte: parsed.offsetsEndByte, endByte: parsed.versionsEndByte, chunkOf: withPayload },
    { bytes: payload, startByte: 0, endByte: payload.length, chunkOf: withPayload },
  ];
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
function readAll({ header, payload }: Bytes): void {
  const rows = decodeChunk(header, payload);
  expect(rows.columns.map(({ column }) => column.type)).toEqual(
    decodeChunkHeader(header).fields.map(({ type }) => type),
  );
  mergeRows([rows, rows]);
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
