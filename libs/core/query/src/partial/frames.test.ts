import { ByteReader, ByteWriter } from '@varve/base';
import { valueAt, type Cell, type Column } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCell, encodeCell } from './cell-bytes.ts';
import { decodeRowBlock, encodeRowBlock, type BlockSeries, type RowBlock } from './row-frame.ts';

const cell = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
  fc.string({ unit: 'grapheme' }),
  fc.boolean(),
);

const ROW_COUNT = 20;

function columnOf<Value>(value: fc.Arbitrary<Value>, toColumn: (values: Value[]) => Column): fc.Arbitrary<Column> {
  const rows = { minLength: ROW_COUNT, maxLength: ROW_COUNT };
  const validity = fc.option(fc.uint8Array({ minLength: 3, maxLength: 3 }), { nil: undefined });
  return fc.tuple(fc.array(value, rows), validity).map(([values, bits]) => ({ ...toColumn(values), validity: bits }));
}

/** Of one series: cells of every type, with gaps or without, or a tag. */
const column: fc.Arbitrary<Column | string | null> = fc.oneof(
  fc.constantFrom(null, '', 'tag'),
  columnOf(fc.double({ noNaN: true }), (values) => ({ type: 'float', values: Float64Array.from(values) })),
  columnOf(fc.constantFrom(0, -0, 1, -128, 127, 128, 32_767, -32_768, 32_768, 2 ** 31 - 1, -(2 ** 31), 2 ** 31), (values) => ({ type: 'float', values: Float64Array.from(values) })),
  columnOf(fc.integer({ min: -128, max: 127 }), (values) => ({ type: 'integer', values: Float64Array.from(values) })),
  columnOf(fc.integer({ min: -40_000, max: 40_000 }), (values) => ({ type: 'integer', values: Float64Array.from(values) })),
  columnOf(fc.maxSafeInteger(), (values) => ({ type: 'integer', values: Float64Array.from(values) })),
  columnOf(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (values) => ({ type: 'integer', values: BigInt64Array.from(values) })),
  columnOf(fc.boolean(), (values) => ({ type: 'boolean', values: Uint8Array.from(values, Number) })),
  columnOf(fc.constantFrom('', 'x', 'y'), (values) => ({ type: 'string', values })),
);

function cellIn(from: Column | string | null, row: number): Cell {
  return typeof from === 'object' && from !== null ? (valueAt(from, row) ?? null) : from;
}

test('a cell comes out of its bytes as it went in', () => {
  fc.assert(
    fc.property(cell, (value) => {
      const writer = new ByteWriter();
      encodeCell(writer, value);
      expect(decodeCell(new ByteReader(writer.finish()))).toBe(value);
    }),
  );
});

test('a block of rows comes out of its bytes as it went in', () => {
  const place = fc.record({ series: fc.nat(1), row: fc.nat(ROW_COUNT - 1) });
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 30 }), fc.array(fc.tuple(column, column), { maxLength: 4 }), (places, columns) => {
      const series = ['m,t=a', 'm,t=b'].map((key, index): BlockSeries => ({
        key,
        offsetsNs: Float64Array.from({ length: ROW_COUNT }, (_row, row) => (index + row) * 7_000_000_000_000),
        columns: columns.map((both) => both[index]!),
      }));
      const block: Omit<RowBlock, 'sizeBytes'> = { group: { measurement: 'm', values: ['', 'é\u0000'] }, series, seriesOf: places.map((each) => each.series), rows: places.map(({ row }) => row) };
      const writer = new ByteWriter();
      encodeRowBlock(writer, block);
      const read = decodeRowBlock(new ByteReader(writer.finish()), { dimensionCount: 2, columnCount: columns.length });
      expect({ ...read, cells: read.cells.map((cells) => cells.slice(0, places.length)) }).toEqual({
        group: block.group,
        offsetsNs: places.map((each) => series[each.series]!.offsetsNs[each.row]),
        seriesKeys: ['m,t=a', 'm,t=b'],
        seriesOf: block.seriesOf,
        cells: columns.map((both) => places.map((each) => cellIn(both[each.series]!, each.row))),
      });
    }),
  );
});

test('a cut frame is refused, not misread', () => {
  const writer = new ByteWriter();
  const series = [{ key: 'm', offsetsNs: Float64Array.of(1, 2), columns: [{ type: 'float', values: Float64Array.of(1.5, 2.5) }, 'tag', { type: 'string', values: ['x', 'y'] }] }] as const;
  encodeRowBlock(writer, { group: { measurement: 'm', values: [] }, series, seriesOf: [0, 0], rows: [0, 1] });
  const bytes = writer.finish();
  for (let end = 0; end < bytes.length; end += 1) {
    expect(() => decodeRowBlock(new ByteReader(bytes.subarray(0, end)), { dimensionCount: 0, columnCount: 3 }), `cut at ${end}`).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
  }
});

test('a count that its frame has no room for is refused before anything is made for it', () => {
  for (const count of [9, 2 ** 26, 2 ** 33, Number.MAX_SAFE_INTEGER]) {
    const rows = new ByteWriter().text('m').varint(count).varint(1).text('key').f64(0).u8(0).finish();
    const texts = new ByteWriter().text('m').varint(1).varint(1).text('key').f64(0).u8(2).varint(count).varint(0).finish();
    for (const bytes of [rows, texts]) {
      const reader = new ByteReader(bytes);
      expect(() => decodeRowBlock(reader, { dimensionCount: 0, columnCount: 1 }), `${count}`).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID', message: expect.stringContaining(`${count} rows or texts`) as string }) as Error);
    }
  }
});

test('a damaged frame is refused or misread, and nothing else', () => {
  const cells = (shift: number): BlockSeries['columns'] => [
    { type: 'float', values: Float64Array.of(1.5, -0, NaN) },
    { type: 'integer', values: Float64Array.of(1, 2, shift) },
    { type: 'integer', values: BigInt64Array.of(1n, 2n, 2n ** 60n), validity: Uint8Array.of(5) },
    { type: 'string', values: ['x', '', 'é'] },
    { type: 'boolean', values: Uint8Array.of(1, 0, 1) },
    ...['tag', null],
  ];
  const series = [300, 70_000].map((shift): BlockSeries => ({ key: `m,t=${shift}`, offsetsNs: Float64Array.of(1, 2, 3), columns: cells(shift) }));
  const writer = new ByteWriter();
  encodeRowBlock(writer, { group: { measurement: 'm', values: ['g'] }, series, seriesOf: [0, 1, 0, 1, 1], rows: [0, 0, 1, 1, 2] });
  const whole = writer.finish();
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.oneof(fc.nat(8), fc.nat(255))), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, (changes) => {
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        const { offsetsNs, cells: columns } = decodeRowBlock(new ByteReader(bytes), { dimensionCount: 1, columnCount: 7 });
        for (const column of columns) expect(column.slice(0, offsetsNs.length)).not.toContain(undefined);
      } catch (error) {
        expect(error).toMatchObject({ code: 'MESSAGE_INVALID' });
      }
    }),
    { numRuns: 2_000 },
  );
});

test('numbers take what the largest of them needs', () => {
  const sizeOf = (...values: number[]): number => {
    const bytes = new ByteWriter();
    const series = [{ key: 'm', offsetsNs: new Float64Array(values.length), columns: [{ type: 'float', values: Float64Array.from(values) }] }] as const;
    encodeRowBlock(bytes, { group: { measurement: 'm', values: [] }, series, seriesOf: values.map(() => 0), rows: [...values.keys()] });
    const read = decodeRowBlock(new ByteReader(bytes.written()), { dimensionCount: 0, columnCount: 1 });
    expect(read.cells[0]!.slice(0, values.length)).toEqual(values);
    return (bytes.length - 7) / values.length - 8; // group, row count, series and kind; each row's time
  };
  expect([sizeOf(0, 127), sizeOf(-128, 1), sizeOf(-129, 1), sizeOf(0, 128), sizeOf(32_767), sizeOf(32_768, 0), sizeOf(-(2 ** 31))]).toEqual([1, 1, 2, 2, 2, 4, 4]);
  expect([sizeOf(2 ** 31), sizeOf(1, -0), sizeOf(1, 1.5), sizeOf(NaN, 1), sizeOf(Infinity)]).toEqual([8, 8, 8, 8, 8]);
});
