import { ByteWriter, Prng } from '@varve/base';
import { joinNs, valueAt, type Cell, type Column } from '@varve/model';
import { seeds } from '@varve/testkit';
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

test.each(seeds(40))('any rows of any shards come as one sort would put them (seed %i)', async (seed) => {
  const prng = new Prng(seed);
  const isDescending = prng.chance(0.5);
  const kinds = Array.from({ length: prng.between(1, 4) }, () => prng.pick(COLUMN_KINDS));
  const given = Array.from({ length: prng.between(1, 4) }, (_, rank) => anyShard(prng, { rank, kinds, isDescending }));
  const merged: AnyRow[] = [];
  for await (const batches of mergedRows({ isDescending, dimensionCount: 1, columnCount: kinds.length }, given.map(({ shard }) => shard))) {
    for (const { group, times: { ms, subNs }, inputs } of batches) {
      expect(ms.length).toBeGreaterThan(0);
      ms.forEach((_ms, row) => merged.push({ group: group.values[0]!, timeNs: joinNs(ms[row]!, subNs[row]!), cells: inputs.map((cells) => cells[row]!) }));
    }
  }
  const expected = given.flatMap(({ rows }) => rows).sort((left, right) => (isDescending ? -1 : 1) * compareAny(left, right));
  expect(merged).toEqual(expected.map(({ group, timeNs, cells }) => ({ group, timeNs, cells })));
});

interface AnyRow {
  readonly group: string;
  readonly timeNs: bigint;
  readonly cells: readonly Cell[];
}

interface RankedRow extends AnyRow {
  readonly key: string;
  readonly rank: number;
}

function compareAny(left: RankedRow, right: RankedRow): number {
  for (const name of ['group', 'timeNs', 'key'] as const) if (left[name] !== right[name]) return left[name] < right[name] ? -1 : 1;
  return left.rank - right.rank;
}

const COLUMN_KINDS = ['floats', 'small', 'big', 'booleans', 'texts', 'tag', 'any'] as const;
const FLOATS = [0, -0, NaN, Infinity, 127, -129, 32_768, 2 ** 31, -(2 ** 31), 0.5];

/** Of some rows of a series. */
function anyColumn(prng: Prng, kind: (typeof COLUMN_KINDS)[number], rowCount: number): Column | string | null {
  const each = <Value>(value: () => Value): Value[] => Array.from({ length: rowCount }, value);
  const validity = prng.chance(0.5) ? undefined : Uint8Array.from({ length: Math.ceil(rowCount / 8) }, () => prng.between(0, 255));
  switch (kind) {
    case 'floats':
      return { type: 'float', values: Float64Array.from(each(() => prng.pick(FLOATS))), validity };
    case 'small':
      return { type: 'integer', values: Float64Array.from(each(() => prng.between(-200, 200))), validity };
    case 'big':
      return { type: 'integer', values: BigInt64Array.from(each(() => 2n ** 62n + BigInt(prng.between(0, 9)))), validity };
    case 'booleans':
      return { type: 'boolean', values: Uint8Array.from(each(() => prng.between(0, 1))), validity };
    case 'texts':
      return { type: 'string', values: each(() => prng.pick(['', 'x', 'é'])), validity };
    case 'tag':
      return prng.pick(['', 'a', null]);
    case 'any':
      return anyColumn(prng, prng.pick(['floats', 'small', 'big', 'tag']), rowCount);
  }
}

/** Of some groups, cut into blocks and frames anywhere. */
function anyShard(prng: Prng, { rank, kinds, isDescending }: { readonly rank: number; readonly kinds: readonly (typeof COLUMN_KINDS)[number][]; readonly isDescending: boolean }): { readonly shard: ShardPartials; readonly rows: readonly RankedRow[] } {
  const startNs = 1_700_000_000_000_000_123n + BigInt(prng.between(0, 2) * 500_000);
  const frames = [new ByteWriter().u8(ROW_FRAME)];
  const rows: RankedRow[] = [];
  const groups = ['', 'a', 'b'].filter(() => prng.chance(0.7));
  for (const group of isDescending ? groups.reverse() : groups) {
    const series = Array.from({ length: prng.between(1, 3) }, (_, index): BlockSeries => {
      const times = new Set(Array.from({ length: prng.pick([3, 50, 900]) }, () => prng.between(0, 2_000) * 250_000));
      return { key: `m,s=${index}`, offsetsNs: Float64Array.from(times).sort(), columns: kinds.map((kind) => anyColumn(prng, kind, times.size)) };
    });
    const order = series.flatMap(({ offsetsNs }, place) => [...offsetsNs].map((offsetNs, row) => ({ place, row, offsetNs })));
    order.sort((left, right) => (isDescending ? -1 : 1) * (left.offsetNs - right.offsetNs || left.place - right.place));
    for (let start = 0, end = 0; start < order.length; start = end) {
      end = start + prng.between(1, prng.pick([2, 60, 1_024]));
      const part = order.slice(start, end);
      if (prng.chance(0.4)) frames.push(new ByteWriter().u8(ROW_FRAME));
      encodeRowBlock(frames.at(-1)!, { group: { measurement: 'm', values: [group] }, series, seriesOf: part.map(({ place }) => place), rows: part.map(({ row }) => row) });
    }
    for (const { place, row, offsetNs } of order) {
      const { key, columns } = series[place]!;
      const cells = columns.map((column) => (column === null || typeof column === 'string' ? column : (valueAt(column, row) ?? null)));
      rows.push({ group, timeNs: startNs + BigInt(offsetNs), key, rank, cells });
    }
  }
  async function* partials(): AsyncGenerator<Uint8Array> {
    for (const frame of frames) yield frame.finish();
  }
  return { shard: { startNs, partials: partials() }, rows };
}
