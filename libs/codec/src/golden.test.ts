import type { Column } from '@varve/model';
import { expect, test } from 'vitest';
import { decodeColumn, encodeColumn } from './column.ts';
import { decodeOffsets, encodeOffsets } from './offsets.ts';

// Columns are on disk. If a line here does not decode any more, chunks of older versions are lost: bump the chunk's format
// and keep the old decoder. Bytes that only encode to something else (a better choice of forms) are changed on purpose.
// zstd's output may differ between its versions, so forms with zstd are only decoded.

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
  check(floats(0.5, 0.25, 1.5), '08 02 04 19 32 03 41 41 01');
  check(wide, '0a 00 00 00 00 00 00 00 00 10 00 00 03');
  check(booleans, '0b 00 0d');
  check(strings, '0c 01 02 01 01 00 02 00 00 02 01 00 05 6f 6e 6f 66 66');
  check({ ...floats(1.5, 0, 2.5), validity: Uint8Array.of(0b101) }, '00 01 00 05 01 00 0f 0a');
  check(floats(1 / 3), '08 ff 00 08 55 55 55 55 55 55 d5 3f');
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
  const check = (offsetsNs: Float64Array, hex: string): void => {
    expect(toHex(encodeOffsets(offsetsNs))).toBe(hex);
    expect(decodeOffsets(fromHex(hex), offsetsNs.length)).toEqual(offsetsNs);
  };
  check(Float64Array.of(10e9, 20e9, 30e9), '00 80 90 df c0 4a 80 90 df c0 4a');
  check(Float64Array.of(10e9, 20e9, 31e9), '05 80 94 eb dc 03 80 90 df c0 4a 00 01 0a 02');
});

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.split(' '), (byte) => parseInt(byte, 16));
}
