import type { Column } from '@varve/model';
import { expect, test } from 'vitest';
import { decodeColumn, encodeColumn } from './column.ts';
import { decodeOffsets, encodeOffsets } from './offsets.ts';

// Columns are on disk. If a line here does not decode any more, chunks of older versions are lost: bump the chunk's format
// and keep the old decoder. Bytes that only encode to something else (a better choice of forms) are changed on purpose.
// zstd's output may differ between its versions, so forms with zstd are only decoded.

test('the bytes of columns change only on purpose', () => {
  const check = (column: Column, hex: string): void => {
    const rowCount = column.values.length;
    expect(toHex(encodeColumn(column, rowCount))).toBe(hex);
    expect(decodeColumn(fromHex(hex), rowCount)).toEqual(column);
  };
  const integers = (...values: number[]): Column => ({
    type: 'integer',
    values: Float64Array.of(...values),
    validity: undefined,
  });

  check(integers(7, 7, 7), '01 00 00 07 00');
  check(integers(100, 90, 80), '01 00 00 a4 01 4a');
  check(integers(1, 2, 2, 4), '01 00 01 02 01 d4');
  check(integers(1_000, 3_000, 2_000, 9_000), '01 00 04 e8 07 a8 0f 04 00 20 81');
  check(
    { type: 'float', values: Float64Array.of(0.5, 0.25, 1.5), validity: undefined },
    '00 00 02 04 19 32 03 41 41 01',
  );
  check(
    { type: 'integer', values: BigInt64Array.of(2n ** 60n, 2n ** 60n + 3n), validity: undefined },
    '02 00 00 00 00 00 00 00 00 00 10 00 00 03',
  );
  check({ type: 'boolean', values: Uint8Array.of(1, 0, 1, 1), validity: undefined }, '03 00 00 0d');
  check(
    { type: 'string', values: ['on', 'off', 'on', 'on'], validity: undefined },
    '04 00 01 02 01 01 00 02 00 00 02 01 00 05 6f 6e 6f 66 66',
  );
  check(
    { type: 'float', values: Float64Array.of(1.5, 0, 2.5), validity: Uint8Array.of(0b101) },
    '00 01 00 05 01 00 0f 0a',
  );
  check(
    { type: 'float', values: Float64Array.of(1 / 3), validity: undefined },
    '00 00 ff 00 08 55 55 55 55 55 55 d5 3f',
  );
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
