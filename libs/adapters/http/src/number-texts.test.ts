import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberTexts } from './number-texts.ts';
import { OutputBuffer } from './output-buffer.ts';

const cells = fc.oneof(fc.double({ noDefaultInfinity: true, noNaN: true }), fc.integer(), fc.constant(null));

/** One by one, as cells of any type are written. */
function oneByOne(column: readonly (number | null)[]): string[] {
  return column.map((cell) => written((out) => (cell === null ? out.ascii('null') : out.number(cell))));
}

function written(write: (out: OutputBuffer) => void): string {
  const out = new OutputBuffer();
  write(out);
  return out.takeLatin1();
}

test('numbers of a column are written as each of them is by itself', () => {
  fc.assert(
    fc.property(fc.array(cells, { minLength: 4, maxLength: 40 }), fc.nat(4), (column, startRow) => {
      const rows = column.slice(startRow);
      const texts = NumberTexts.of(column, startRow, column.length);
      if (texts === undefined) expect(rows.length < 4 || rows.some((cell) => Object.is(cell, -0))).toBe(true);
      else expect(rows.map(() => written((out) => texts.next(out)))).toEqual(oneByOne(rows));
    }),
  );
});

test('there is room for the longest number, and JSON has null for what is none', () => {
  const column = [-2.2250738585072014e-308, NaN, Infinity, 1e21];
  const texts = NumberTexts.of(column, 0, 4)!;
  expect(column.map(() => written((out) => texts.next(out)))).toEqual(['-2.2250738585072014e-308', 'null', 'null', '1e+21']);
});

test.each([
  ['minus zero', [1.5, -0, 2.5, 3.5]],
  ['a large integer', [1.5, 2n ** 60n, 2.5, 3.5]],
  ['texts', ['a', 'b', 'c', 'd']],
  ['few cells', [1.5, 2.5, 3.5]],
])('%s: cells are left to whoever writes them one by one', (_name, column) => {
  expect(NumberTexts.of(column, 0, column.length)).toBeUndefined();
});
