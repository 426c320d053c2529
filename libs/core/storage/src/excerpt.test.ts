import { expect, test } from 'vitest';
import { timesInExcerpt } from './excerpt.ts';
import { ShardTable } from './shard-table.ts';
import { markOf } from './testing/arbitraries.ts';
import { frameOf, type TestRow } from './testing/frames.ts';
import { flush, MemoryShard } from './testing/memory-shard.ts';
import { WantedFields } from './wanted-fields.ts';

const RANGE = { startOffsetNs: 0, endOffsetNs: 100 };

/** A table in whose frames, journaled one after the other, these rows came; the first `flushedCount` are in chunks. */
function tableOf(frames: readonly (readonly TestRow[])[], flushedCount: number): ShardTable {
  const shard = new MemoryShard();
  const table = shard.open();
  for (const [index, rows] of frames.entries()) {
    const frame = frameOf(markOf(index, 1_000 + index), rows);
    shard.append(index + 1, frame);
    table.insert(frame, index + 1);
    if (index + 1 === flushedCount) flush(table, shard);
  }
  return table;
}

test('a memtable that has a series but none of the fields hides nothing of its chunks', () => {
  const rowAt = (offsetNs: number, fields: TestRow['fields']): TestRow => ({ key: 'cpu', offsetNs, fields });
  const table = tableOf([[rowAt(10, { f: 1 })], [rowAt(5, { i: 1 }), rowAt(8, { i: 1 })], [rowAt(6, { i: 2 })]], 1);
  const excerpt = table.excerpt([1], RANGE, new WantedFields(['f']))!;
  expect(timesInExcerpt(excerpt, 1)).toEqual({ minOffsetNs: 10, maxOffsetNs: 10 });
});
