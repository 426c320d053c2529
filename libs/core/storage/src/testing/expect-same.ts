import { expect } from 'vitest';
import type { OffsetRange } from '../rows.ts';
import type { ShardTable } from '../shard-table.ts';
import { FIELDS } from './arbitraries.ts';
import { cellsOf } from './frames.ts';
import type { MemoryShard } from './memory-shard.ts';
import type { NaiveShard } from './naive-shard.ts';

/** All times. */
export const EVERYTHING: OffsetRange = { startOffsetNs: 0, endOffsetNs: Number.MAX_SAFE_INTEGER };

/** Reads through every door and compares with the naive shard. */
export function expectSame(
  { table, shard, naive }: { readonly table: ShardTable; readonly shard: MemoryShard; readonly naive: NaiveShard },
  range: OffsetRange = EVERYTHING,
  names: readonly string[] = FIELDS,
): void {
  for (const measurement of ['cpu', 'mem']) {
    const found = table.series(measurement, { kind: 'all' });
    expect(found.map(({ key }) => key)).toEqual(naive.keys(measurement));
    for (const ref of found) {
      const { chunkIds } = table.planRead(ref, range, names);
      const slice = table.read(ref, range, names, shard.payloads(chunkIds));
      expect(isStrictlyAscending(slice.offsetsNs), 'times ascend, each once').toBe(true);
      expect(cellsOf(slice), ref.key).toEqual(naive.read(ref.key, range, names));
    }
  }
}

function isStrictlyAscending(offsetsNs: Float64Array): boolean {
  return offsetsNs.every((offsetNs, index) => index === 0 || offsetsNs[index - 1]! < offsetNs);
}
