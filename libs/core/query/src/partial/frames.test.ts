import { ByteReader, ByteWriter, KnownTexts } from '@varve/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCell, encodeCell } from './cell-bytes.ts';
import { decodeRowBlock, encodeRowBlock, type RowBlock } from './row-frame.ts';

const cell = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
  fc.string({ unit: 'grapheme' }),
  fc.boolean(),
);

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
  const known = new KnownTexts();
  const columns = fc.oneof(
    ...[fc.constant(null), fc.double({ noNaN: true }), fc.option(fc.constantFrom('', 'x', 'y')), cell].map((cells) => fc.array(cells, { minLength: 20, maxLength: 20 })),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(columns, { maxLength: 4 }), fc.array(fc.nat(1), { minLength: 20 }), fc.tuple(fc.option(fc.string()), fc.option(fc.string())), (rowCount, cells, series, bySeries) => {
      const block: RowBlock = {
        group: { measurement: 'm', values: ['', 'é\u0000'] },
        offsetsNs: Array.from({ length: rowCount }, (_row, index) => index * 7_000_000_000_000),
        seriesKeys: ['m,t=a', 'm,t=b'],
        seriesOf: series.slice(0, rowCount),
        columns: [...cells.map((column) => ({ kind: 'cells' as const, cells: column.slice(0, rowCount) })), { kind: 'tag', bySeries }],
      };
      const { columns: _columns, ...rest } = block;
      const tagCells = block.seriesOf.map((place) => bySeries[place]!);
      const writer = new ByteWriter();
      encodeRowBlock(writer, block);
      expect(decodeRowBlock(new ByteReader(writer.finish()), { dimensionCount: 2, columnCount: block.columns.length, known })).toEqual({ ...rest, cells: [...cells.map((column) => column.slice(0, rowCount)), tagCells] });
    }),
  );
});

test('a cut frame is refused, not misread', () => {
  const writer = new ByteWriter();
  encodeRowBlock(writer, { group: { measurement: 'm', values: [] }, offsetsNs: [1, 2], seriesKeys: ['m'], seriesOf: [0, 0], columns: [{ kind: 'cells', cells: [1.5, 2.5] }] });
  const bytes = writer.finish();
  for (let end = 0; end < bytes.length; end += 1) {
    expect(() => decodeRowBlock(new ByteReader(bytes.subarray(0, end)), { dimensionCount: 0, columnCount: 1, known: new KnownTexts() }), `cut at ${end}`).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
  }
});
