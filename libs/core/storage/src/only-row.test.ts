import type { SeriesRow, SeriesSlice } from '@varve/model';
import { expect, test } from 'vitest';
import type { OnlyRow } from './only-row.ts';
import { EVERYTHING } from './testing/expect-same.ts';
import { cellsOf, type TestRow } from './testing/frames.ts';
import { ShardNode } from './testing/shard-node.ts';
import { WantedFields } from './wanted-fields.ts';

const rowAt = (offsetNs: number, fields: TestRow['fields'], key = 'cpu,host=a'): TestRow => ({ key, offsetNs, fields });

/** What a read of one row gives, and whether it can do without the payloads of chunks. */
function found({ table, shard }: ShardNode, onlyRow: OnlyRow, names: readonly string[], range = EVERYTHING): { readonly rows: unknown; readonly isFromHeaders: boolean } {
  const read = { seriesId: 1, range, fields: new WantedFields(names), onlyRow };
  const isFromHeaders = table.planRead(read, { header: (chunkId) => shard.bytes.header(chunkId), payload: () => undefined }).missingPayloads.length === 0;
  const [slice] = [...table.read(read, table.planRead(read, shard.bytes), shard.bytes)] as (SeriesSlice | SeriesRow)[];
  return { rows: [...cellsOf(slice!)].map(([offsetNs, cells]) => [offsetNs, Object.fromEntries(cells)]), isFromHeaders };
}

test('the row at the end of a block is known from its summary', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, { f: 1, i: 7 }), rowAt(2, { f: -0 }), rowAt(3, { f: 3, s: 'x' })]);
  node.flush();
  expect(found(node, 'last', ['f'])).toEqual({ rows: [[3, { f: 3 }]], isFromHeaders: true });
  expect(found(node, 'first', ['f', 'i'])).toEqual({ rows: [[1, { f: 1, i: 7 }]], isFromHeaders: true });
  // Where the row lies outside of the range, or lacks one of the fields, or has a cell that no summary has, rows are looked at.
  const whole = [[1, { f: 1 }], [2, { f: -0 }], [3, { f: 3 }]];
  expect(found(node, 'last', ['f'], { startOffsetNs: 0, endOffsetNs: 3 })).toEqual({ rows: whole.slice(0, 2), isFromHeaders: false });
  expect(found(node, 'first', ['f'], { startOffsetNs: 2, endOffsetNs: 9 })).toEqual({ rows: whole.slice(1), isFromHeaders: false });
  expect(found(node, 'last', ['i'])).toEqual({ rows: [[1, { i: 7 }]], isFromHeaders: false });
  expect(found(node, 'last', ['f', 'i'])).toMatchObject({ isFromHeaders: false });
  expect(found(node, 'last', ['f', 's'])).toMatchObject({ isFromHeaders: false });
});

test('rows that lie elsewhere decide too', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(10, { f: 1 }), rowAt(20, { f: 2 })]);
  node.flush();
  node.write(11, [rowAt(15, { f: 3 })]);
  expect(found(node, 'last', ['f'])).toEqual({ rows: [[20, { f: 2 }]], isFromHeaders: true });
  expect(found(node, 'first', ['f'])).toEqual({ rows: [[10, { f: 1 }]], isFromHeaders: true });
  node.write(12, [rowAt(20, { f2: 4 })]);
  expect(found(node, 'last', ['f', 'f2'])).toMatchObject({ rows: [[10, { f: 1 }], [15, { f: 3 }], [20, { f: 2, f2: 4 }]], isFromHeaders: false });
  node.write(13, [rowAt(30, { f: 5 })]);
  node.flush();
  node.write(14, [rowAt(31, { f: 6 }), rowAt(32, { s: 'x' })]);
  expect(found(node, 'last', ['f'])).toEqual({ rows: [[31, { f: 6 }]], isFromHeaders: true });
  // Rows of a memtable that have none of the fields say nothing.
  node.flush();
  node.write(15, [rowAt(40, { s: 'x' }), rowAt(40, { f: 7 }, 'cpu,host=b')]);
  expect(found(node, 'last', ['f'])).toMatchObject({ rows: [[10, { f: 1 }], [15, { f: 3 }], [20, { f: 2 }], [30, { f: 5 }], [31, { f: 6 }]] });
  node.delete(20, { startOffsetNs: 25 });
  expect(found(node, 'last', ['f'])).toMatchObject({ isFromHeaders: false });
});
