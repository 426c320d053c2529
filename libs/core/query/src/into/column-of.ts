import type { Cell, Column, FieldType } from '@varve/model';

/** Cells of one type, or null, as a column; undefined when all are null. */
export function columnOf(type: FieldType, cells: readonly Cell[]): Column | undefined {
  const validity = new Uint8Array((cells.length + 7) >> 3);
  let valueCount = 0;
  for (const [row, cell] of cells.entries()) {
    if (cell === null) continue;
    validity[row >> 3]! |= 1 << (row & 7);
    valueCount += 1;
  }
  if (valueCount === 0) return undefined;
  return { type, values: valuesOf(type, cells), validity: valueCount === cells.length ? undefined : validity } as Column;
}

function valuesOf(type: FieldType, cells: readonly Cell[]): Column['values'] {
  switch (type) {
    case 'string':
      return cells.map((cell) => (cell === null ? '' : String(cell)));
    case 'boolean':
      return Uint8Array.from(cells, (cell) => (cell === true ? 1 : 0));
    case 'float':
      return Float64Array.from(cells, Number);
    case 'integer':
      return cells.some((cell) => typeof cell === 'bigint') ? BigInt64Array.from(cells, (cell) => BigInt(cell ?? 0)) : Float64Array.from(cells, Number);
  }
}
