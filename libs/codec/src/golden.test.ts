import type { Column } from '@varve/model';
import { expect, test } from 'vitest';
import { checksum } from './checksum.ts';
import { decodeColumn, encodeColumn } from './column.ts';

// Columns are on disk. If a line here does not decode any more, chunks of older versions are lost: bump the chunk's format
// and keep the old decoder. Bytes that only encode to something else (a better choice of forms) are changed on purpose.
// zstd's output may differ between its versions, so forms with zstd are only decoded.

// prettier-ignore
const STEPS = [
  0, 1, -1, 0, 0, 1, 2, -1, 0, -1, 0, 1, 0, 0, -2, 1, 0, -1, 1, 0, 0, 0, 1, -1, 0, 2, -1, 0, 1, 0, -3, 0, 1, 0, -1, 0,
];
const WALK = sums(STEPS.map((step, row) => step + Number(row % 9 === 0)));

const check = (column: Column, hex: string): void => {
  expect(toHex(encodeColumn(column, column.values.length))).toBe(hex);
  checkDecoded(column, hex);
};
/** For bytes that the encoder does not write any more. */
const checkDecoded = (column: Column, hex: string): void =>
  expect(decodeColumn(fromHex(hex), column.values.length)).toEqual(column);
const integers = (...values: number[]): Column => ({
  type: 'integer',
  values: Float64Array.of(...values),
  validity: undefined,
});
const floats = (...values: number[]): Column => ({
  type: 'float',
  values: Float64Array.of(...values),
  validity: undefined,
});
const wide: Column = {
  type: 'integer',
  values: BigInt64Array.of(2n ** 60n, 2n ** 60n + 3n),
  validity: undefined,
};
const booleans: Column = { type: 'boolean', values: Uint8Array.of(1, 0, 1, 1), validity: undefined };
const strings: Column = { type: 'string', values: ['on', 'off', 'on', 'on'], validity: undefined };

test('the bytes of columns change only on purpose', () => {
  check(integers(7, 7, 7), '09 00 07 00');
  check(integers(100, 90, 80), '09 00 a4 01 4a');
  check(integers(1, 2, 2, 4), '09 01 02 01 d4');
  check(integers(1_000, 3_000, 2_000, 9_000), '09 04 e8 07 a8 0f 04 00 20 81');
  check(floats(0.5, 0.25, 1.5), '08 22 04 19 32 03 41 41 01');
  checkDecoded(floats(0.5, 0.25, 1.5), '08 02 04 19 32 03 41 41 01');
  check(floats(3e8 + 0.5, 0.5), '08 01 00 85 f8 82 ad 16 c0 f8 82 ad 16');
  check(wide, '0a 00 00 00 00 00 00 00 00 10 00 00 03');
  check(booleans, '0b 00 0d');
  check(strings, '0c 01 02 01 01 00 02 00 00 02 01 00 05 6f 6e 6f 66 66');
  check({ ...floats(1.5, 0, 2.5), validity: Uint8Array.of(0b101) }, '00 01 00 05 21 00 0f 0a');
  check(floats(1 / 3), '08 ff 00 08 55 55 55 55 55 55 d5 3f');
});

test('the bytes of coded integers change only on purpose', () => {
  check(integers(...STEPS), '09 09 0a 00 72 6d 4c ec 2d 28 d3 63 1b 0e');
  check(integers(...WALK), '09 83 01 86 db 11 2d 2e d0 f7 7a 4d 05');
  check(integers(...sums(WALK)), '09 0b 0a 01 02 ae 0d 62 6f 8d 32 7b 6c c3 01');
  const uphill = WALK.map((value, row) => value + 1_000 * (row + 1));
  check(integers(...uphill), '09 0c 03 a9 0f a8 0f 86 db 11 2d 2e d0 f7 7a 4d 05');
  check(integers(...sums(uphill)), '09 0d 0a a9 0f 92 1f a8 0f ae 0d 62 6f 8d 32 7b 6c c3 01');
  check(integers(...WALK.map((value) => value * 1_000)), '09 0e e8 07 a8 0f 83 00 86 db 11 2d 2e d0 f7 7a 4d 05');
  const jumping = WALK.map((value, row) => value + (row >= 20 ? 1e6 : 0));
  check(integers(...jumping), '09 0a 83 01 86 db 11 2d 2e d0 f7 7a 4d 05 01 13 80 89 7a');
  const wider = sums(STEPS.map((step, row) => step * 16 + ((row * 7) % 16)));
  check(
    integers(...wider),
    '09 0c 2c 00 08 53 70 97 53 70 97 53 70 97 53 70 97 53 00 35 c9 1d cc c2 53 6b 89 3b bc 4a f9 4d 30',
  );
});

test('the bytes of two lanes, and of several pieces, change only on purpose', () => {
  const walked = (count: number): number[] => sums(Array.from({ length: count }, (_, row) => ((row * row + 3 * row) % 11 % 4) + ((row * 7_919) % 13 % 4) - 3));
  const found = [255, 256, 257, 4_200, 4_352].map((count) => {
    const bytes = encodeColumn(integers(...walked(count)), count);
    return [count, bytes[1], bytes.length, checksum(bytes)];
  });
  expect(found).toEqual([
    [255, 140, 94, 622331613],
    [256, 140, 95, 3008104536],
    [257, 140, 96, 1768446555],
    [4_200, 140, 1_516, 670609849],
    [4_352, 140, 1_570, 3195267410],
  ]);
});

test('the bytes of floats that are no decimals change only on purpose', () => {
  const rows = Array.from({ length: 9 }, (_, row) => row);
  const oneOdd = WALK.map((value, row) => (row === 20 ? 1 / 3 : value / 10));
  check(floats(...oneOdd), '08 0f 21 83 01 86 db 11 2d 2e d0 f7 7a 4d 05 01 14 55 55 55 55 55 55 d5 3f');
  const nearPi = rows.map((row) => Math.PI + row / 1_000);
  check(
    floats(...nearPi),
    '08 10 20 02 bb 87 c9 80 08 01 8c 08 24 18 2d 44 54 4d 8b fe 9d 82 e9 b8 e7 b8 47 73 31 ed a5 2d 7b 22 04 e8 c4 57 62 a2 0e 8d c0 5c 58 c2 1e 17 a2',
  );
  const signed = rows.map((row) => (row % 3 === 0 ? -1 : 1) * Math.fround(1 + ((row * 0.618) % 1)));
  check(
    floats(...signed),
    '08 11 03 02 ff 07 ff 17 01 01 00 49 00 00 00 40 35 9e a7 c6 b3 9f da 4f 8d 37 0a 17 f7 53 bb 74 53 9f 1a 0f c0 ff db 06',
  );
  check(
    floats(...rows.map((row) => (1 + (row % 2)) / 3)),
    '08 12 02 01 01 00 aa 00 55 55 55 55 55 55 d5 3f 55 55 55 55 55 55 e5 3f',
  );
});

test('columns without nulls that have a null flag are still read', () => {
  checkDecoded(integers(7, 7, 7), '01 00 00 07 00');
  checkDecoded(integers(100, 90, 80), '01 00 00 a4 01 4a');
  checkDecoded(integers(1, 2, 2, 4), '01 00 01 02 01 d4');
  checkDecoded(integers(1_000, 3_000, 2_000, 9_000), '01 00 04 e8 07 a8 0f 04 00 20 81');
  checkDecoded(floats(0.5, 0.25, 1.5), '00 00 02 04 19 32 03 41 41 01');
  checkDecoded(wide, '02 00 00 00 00 00 00 00 00 00 10 00 00 03');
  checkDecoded(booleans, '03 00 00 0d');
  checkDecoded(strings, '04 00 01 02 01 01 00 02 00 00 02 01 00 05 6f 6e 6f 66 66');
  checkDecoded(floats(1 / 3), '00 00 ff 00 08 55 55 55 55 55 55 d5 3f');
});

test('the bytes of times change only on purpose', () => {
  check(integers(10e9, 20e9, 30e9), '09 00 80 90 df c0 4a 80 90 df c0 4a');
  check(integers(10e9, 20e9, 31e9), '09 05 80 94 eb dc 03 80 90 df c0 4a 00 01 0a 02');
});

function sums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.split(' '), (byte) => parseInt(byte, 16));
}
