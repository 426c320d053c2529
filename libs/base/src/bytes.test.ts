import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { DbError } from './db-error.ts';

const value = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(255) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat(65_535) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat(2 ** 32 - 1) }),
  fc.record({ kind: fc.constant('f64' as const), value: fc.double() }),
  fc.record({ kind: fc.constant('i64' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('block' as const), value: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()) }),
);

function write(writer: ByteWriter, each: { readonly kind: string; readonly value: unknown }): void {
  (writer[each.kind as 'u8'] as (value: unknown) => ByteWriter).call(writer, each.value);
}

test('what is written reads back, however small the buffer was at first', () => {
  fc.assert(
    fc.property(fc.array(value), fc.nat(20), (values, capacityBytes) => {
      const writer = new ByteWriter(capacityBytes);
      for (const each of values) write(writer, each);
      const reader = new ByteReader(writer.finish());
      for (const each of values) expect(reader[each.kind]()).toEqual(each.value);
      expect(reader.remaining).toBe(0);
    }),
  );
});

test('a column of floats reads back at once, and nothing of it where some are missing', () => {
  const writer = new ByteWriter(1).u8(1);
  for (const each of [1.5, -0, NaN, Infinity]) writer.f64(each);
  const bytes = writer.finish();
  const reader = new ByteReader(bytes, 1);
  expect(reader.f64s(4)).toEqual([1.5, -0, NaN, Infinity]);
  expect(reader.f64s(0)).toEqual([]);
  expect(new ByteReader(new ByteWriter(1).f64(-3e15).finish()).wholeF64()).toBe(-3e15);
  for (const each of [1.5, NaN, Infinity]) {
    const wrong = new ByteWriter(1).f64(1).f64(each).finish();
    expect(() => new ByteReader(wrong, 8).wholeF64(), String(each)).toThrow(DbError);
    expect(() => new ByteReader(wrong).wholeF64s(2), String(each)).toThrow(DbError);
    expect(new ByteReader(wrong).wholeF64s(1)).toEqual([1]);
  }
  expect(() => new ByteReader(bytes, 1).f64s(5)).toThrow(DbError);
  expect(() => new ByteReader(bytes, 1).f64s(2 ** 53)).toThrow(DbError);
});

test('numbers are picked from several arrays', () => {
  const bytes = new ByteWriter(1).f64sOf([Float64Array.of(1, 2), Float64Array.of(-0, 4)], [1, 0, 1], [0, 1, 1]).finish();
  expect(new ByteReader(bytes).f64s(3)).toEqual([-0, 2, 4]);
});

test('whole numbers read back from as few bytes as they fit into', () => {
  for (const [sizeBytes, most] of [[1, 0x7f], [2, 0x7fff], [4, 0x7fff_ffff]] as const) {
    const values = [0, most, -most - 1, -1];
    const bytes = new ByteWriter(1).wholes(sizeBytes, [7, ...values], [1, 2, 3, 4]).wholesOf(sizeBytes, [Float64Array.from(values), Float64Array.of(5)], [0, 1, 0], [1, 0, 2]).finish();
    expect(bytes).toHaveLength(7 * sizeBytes);
    const reader = new ByteReader(bytes);
    expect(reader.wholes(sizeBytes, 4)).toEqual(values);
    expect(reader.wholes(sizeBytes, 3)).toEqual([most, 5, -most - 1]);
    expect(reader.wholeAt(sizeBytes, sizeBytes)).toBe(most);
    expect(() => reader.wholes(sizeBytes, 1)).toThrow(DbError);
  }
});

test('a text of any length reads back, whatever its characters take', () => {
  for (const length of [0, 1, 126, 127, 128, 129, 254, 255, 256, 257, 20_000]) {
    for (const last of ['x', 'é', '€']) {
      const text = `${'x'.repeat(length)}${last}`;
      const reader = new ByteReader(new ByteWriter(1).text(text).u8(7).finish());
      expect([reader.text() === text, reader.u8(), reader.remaining], `${length} and ${last}`).toEqual([true, 7, 0]);
    }
  }
});

test('B2: every cut of what was written is refused, not read', () => {
  const bytes = new ByteWriter(1).varint(300).text('abc').u32(7).finish();
  for (let size = 0; size < bytes.length; size += 1) {
    const reader = new ByteReader(bytes.subarray(0, size));
    expect(() => [reader.varint(), reader.text(), reader.u32()], `cut at ${size}`).toThrow(DbError);
  }
});

test('a writer that has finished is empty, and what it gave away is nobody else’s', () => {
  const writer = new ByteWriter(64).u8(1).u8(2);
  expect([...writer.written()]).toEqual([1, 2]);
  const first = writer.finish();
  expect([first.buffer.byteLength, writer.length, writer.written().length]).toEqual([2, 0, 0]);
  const second = writer.u32(7).text('abc').finish();
  expect([...first]).toEqual([1, 2]);
  expect([...second]).toEqual([7, 0, 0, 0, 3, 97, 98, 99]);
});
