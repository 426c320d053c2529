import { ByteWriter } from '@varve/base';
import type { Cell } from '@varve/model';
import { expect, test } from 'vitest';
import { encodeRowBlock, ROW_FRAME, type BlockSeries } from '../partial/row-frame.ts';
import { mergedRows } from './merged-rows.ts';
import type { RowBatch } from './row-batch.ts';
import type { ShardPartials } from './partial-stream.ts';

const NS_PER_MS = 1_000_000;

/** A series of a shard with a field, a tag and a text, in frames of so many rows. */
function shardOf(key: string, group: string, times: readonly number[], frameRowCount = times.length): ShardPartials {
  const column = { type: 'float', values: Float64Array.from(times, (ms) => ms / 2) } as const;
  const texts = { type: 'string', values: times.map((ms) => `${key} ${ms}`) } as const;
  const series: BlockSeries = { key, offsetsNs: Float64Array.from(times, (ms) => ms * NS_PER_MS), columns: [column, key, texts] };
  async function* partials(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < times.length; start += frameRowCount) {
      const rows = times.slice(start, start + frameRowCount).map((_ms, index) => start + index);
      const bytes = new ByteWriter().u8(ROW_FRAME);
      encodeRowBlock(bytes, { group: { measurement: 'm', values: [group] }, series: [series], seriesOf: rows.map(() => 0), rows });
      yield bytes.finish();
    }
  }
  return { startNs: 0n, partials: partials() };
}

async function batchesOf(shards: readonly ShardPartials[]): Promise<readonly RowBatch[]> {
  const batches: RowBatch[] = [];
  for await (const arrived of mergedRows({ isDescending: false, dimensionCount: 1, columnCount: 3 }, shards)) batches.push(...arrived);
  return batches;
}

function cellsOf(times: readonly number[], keyOf: (ms: number) => string): readonly (readonly Cell[])[] {
  return [times.map((ms) => ms / 2), times.map(keyOf), times.map((ms) => `${keyOf(ms)} ${ms}`)];
}

const evenOdd = (ms: number): string => (ms % 2 === 0 ? 'm,t=even' : 'm,t=odd');

test('rows of shards that take turns travel together, in order', async () => {
  const [batch, ...others] = await batchesOf([shardOf('m,t=odd', 'a', [1, 3, 5]), shardOf('m,t=even', 'a', [0, 2, 4])]);
  expect(others.flatMap(({ times }) => times.ms)).toEqual([5]); // The other shard had no more until it was asked.
  expect(batch).toMatchObject({ times: { ms: [0, 1, 2, 3, 4], subNs: [0, 0, 0, 0, 0] }, inputs: cellsOf([0, 1, 2, 3, 4], evenOdd) });
});

test('rows of one time come in the order of their series, across frames of any size', async () => {
  for (const frameRowCount of [1, 2, 3, 7]) {
    const batches = await batchesOf([shardOf('m,t=b', 'a', [1, 2, 3, 4], frameRowCount), shardOf('m,t=a', 'a', [1, 2, 4], 2), shardOf('m,t=c', 'a', [2])]);
    const rows = batches.flatMap(({ times, inputs }) => times.ms.map((ms, row) => `${ms} ${String(inputs[1]![row])} ${String(inputs[2]![row])}`));
    expect(rows).toEqual(['1 m,t=a', '1 m,t=b', '2 m,t=a', '2 m,t=b', '2 m,t=c', '3 m,t=b', '4 m,t=a', '4 m,t=b'].map((row) => `${row} ${row.slice(2)} ${row[0]}`));
  }
});

test('no batch has rows of two groups', async () => {
  const batches = await batchesOf([shardOf('m,t=x', 'a', [1, 2]), shardOf('m,t=y', 'b', [1]), shardOf('m,t=z', 'a', [0])]);
  const found = batches.map(({ group, times }) => `${group.values.join()} ${times.ms.join(' ')}`);
  expect(found).toEqual(['a 0', 'a 1 2', 'b 1']);
});
