import { valueAt, type Column, type NamedColumn } from '@varve/model';
import { expect, test } from 'vitest';
import { pickedRows } from './picked-rows.ts';

const named = (name: string, column: Column): NamedColumn => ({ name, column });

test('rows are picked in arrays of their own, of every type, with and without gaps', () => {
  const offsetsNs = Float64Array.of(1, 2, 3);
  const gaps = Uint8Array.of(0b101);
  const columns = [
    named('float', { type: 'float', values: Float64Array.of(1.5, 2.5, 3.5) }),
    named('integer', { type: 'integer', values: Float64Array.of(1, 2, 3), validity: gaps }),
    named('big', { type: 'integer', values: BigInt64Array.of(2n ** 60n, 2n ** 61n, 2n ** 62n), validity: gaps }),
    named('boolean', { type: 'boolean', values: Uint8Array.of(1, 0, 0) }),
    named('string', { type: 'string', values: ['x', 'y', 'z'], validity: gaps }),
  ];
  const check = (rows: readonly number[]): void => {
    const picked = pickedRows({ offsetsNs, columns }, Int32Array.from(rows));
    const cellsOf = (column: Column, from: readonly number[]): readonly unknown[] => from.map((row) => valueAt(column, row));
    expect([...picked.offsetsNs]).toEqual(rows.map((row) => offsetsNs[row]));
    for (const [index, { name, column }] of picked.columns.entries()) {
      expect(name).toBe(columns[index]!.name);
      expect(column.values).not.toBe(columns[index]!.column.values);
      expect(cellsOf(column, [...rows.keys()]), name).toEqual(cellsOf(columns[index]!.column, rows));
    }
    expect(picked.offsetsNs.buffer).not.toBe(offsetsNs.buffer);
  };
  check([]);
  check([1]);
  check([0, 2]);
  check([0, 1, 2]);
});
