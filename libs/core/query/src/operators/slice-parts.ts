import type { Column, SeriesSlice } from '@varve/model';

/** The slice in parts of so many rows, a multiple of eight, over the same arrays. Texts are copied. */
export function* sliceParts(slice: SeriesSlice, rowCountMax: number): Generator<SeriesSlice> {
  const { offsetsNs, columns } = slice;
  if (offsetsNs.length <= rowCountMax) {
    yield slice;
    return;
  }
  for (let start = 0; start < offsetsNs.length; start += rowCountMax) {
    const end = Math.min(start + rowCountMax, offsetsNs.length);
    yield { offsetsNs: offsetsNs.subarray(start, end), columns: columns.map(({ name, column }) => ({ name, column: columnPart(column, start, end) })) };
  }
}

function columnPart(column: Column, start: number, end: number): Column {
  const validity = column.validity?.subarray(start / 8, Math.ceil(end / 8));
  if (column.type === 'string') return { type: 'string', values: column.values.slice(start, end), validity };
  return { type: column.type, values: column.values.subarray(start, end), validity } as Column;
}
