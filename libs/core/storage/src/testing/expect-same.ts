import type { FieldSummary, FieldValue, SeriesRow, SeriesSlice } from '@varve/model';
import { summaryIn } from '@varve/model/testing';
import { expect } from 'vitest';
import type { SeriesPiece, SeriesRead } from '../read-pieces.ts';
import type { OffsetRange } from '../rows.ts';
import type { ShardTable } from '../shard-table.ts';
import { WantedFields } from '../wanted-fields.ts';
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
      const doesLive = naive.read(ref.key, EVERYTHING, FIELDS).size > 0;
      expect(table.look(ref.seriesId, shard.bytes), `${ref.key} lives`).toBe(doesLive || !table.hadDeletes);
      const slice = readSlice({ table, shard }, ref.seriesId, range, names);
      expect(isStrictlyAscending(slice.offsetsNs), 'times ascend, each once').toBe(true);
      const cells = naive.read(ref.key, range, names);
      expect(cellsOf(slice), ref.key).toEqual(cells);
      expectSummaries({ table, shard }, ref.seriesId, { range, names, cells });
      expectOnlyRows({ table, shard }, ref.seriesId, { range, names, cells });
      expectFound({ table, shard, naive }, ref, range);
    }
  }
}

/** Rows without summaries: one slice, empty when there is nothing. */
export function readSlice({ table, shard }: Shard, seriesId: number, range: OffsetRange = EVERYTHING, names: readonly string[] = FIELDS): SeriesSlice {
  const [slice, ...others] = readAll({ table, shard }, { seriesId, range, fields: new WantedFields(names) });
  expect(others).toEqual([]);
  return (slice as SeriesSlice | undefined) ?? { offsetsNs: new Float64Array(0), columns: [] };
}

interface Shard {
  readonly table: ShardTable;
  readonly shard: MemoryShard;
}

function readAll({ table, shard }: Shard, read: SeriesRead): SeriesPiece[] {
  const plan = table.planRead(read, shard.bytes);
  expect([plan.missingHeaders, plan.missingPayloads]).toEqual([[], []]);
  return [...table.read(read, plan, shard.bytes)];
}

/** The first and the last row with a cell are there where only they are wanted; others may be, as they are. */
function expectOnlyRows(shard: Shard, seriesId: number, { range, names, cells }: { readonly range: OffsetRange; readonly names: readonly string[]; readonly cells: Cells }): void {
  for (const [onlyRow, place] of [['first', 0], ['last', -1]] as const) {
    const slices = readAll(shard, { seriesId, range, fields: new WantedFields(names), onlyRow }) as (SeriesSlice | SeriesRow)[];
    const found = slices.flatMap((slice) => [...cellsOf(slice)]);
    expect(found.at(place), `${onlyRow} row of ${seriesId}`).toEqual([...cells].sort(([left], [right]) => left - right).at(place));
    for (const [offsetNs, ofTime] of found) expect(ofTime).toEqual(cells.get(offsetNs));
  }
}

/** Narrow ranges too: they cut blocks. */
function expectFound({ table, shard, naive }: Shard & { readonly naive: NaiveShard }, { seriesId, key }: { readonly seriesId: number; readonly key: string }, range: OffsetRange): void {
  for (const each of [range, { startOffsetNs: 0, endOffsetNs: 1 }, { startOffsetNs: 2, endOffsetNs: 4 }, { startOffsetNs: 5, endOffsetNs: 90 * 86_400e9 }]) {
    const wanted = naive.read(key, each, FIELDS).size > 0 ? 'found' : 'none';
    expect(table.findRow(seriesId, each, shard.bytes).kind, `${key} from ${each.startOffsetNs} to ${each.endOffsetNs}`).toBe(wanted);
  }
}

/** With summaries wherever they are allowed, and in every other window only: count, sum, extremes and ends must be those of the cells. */
function expectSummaries(shard: Shard, seriesId: number, wanted: { readonly range: OffsetRange; readonly names: readonly string[]; readonly cells: Cells }): void {
  for (const maySummarize of [(): boolean => true, (minNs: number, maxNs: number): boolean => Math.floor(minNs / 3) === Math.floor(maxNs / 3)]) {
    const pieces = readAll(shard, { seriesId, range: wanted.range, fields: new WantedFields(wanted.names), maySummarize });
    let lastNs = -1;
    const counts = new Map<string, number>();
    const count = (name: string, more: number): unknown => counts.set(name, (counts.get(name) ?? 0) + more);
    for (const piece of pieces) {
      if (!('rowCounts' in piece)) {
        for (const cells of cellsOf(piece).values()) for (const name of cells.keys()) count(name, 1);
        if (piece.offsetsNs.length > 0) lastNs = piece.offsetsNs.at(-1)!;
        continue;
      }
      for (let at = piece.start; at < piece.end; at += 1) {
        const page = { minOffsetNs: piece.minOffsetsNs[at]!, maxOffsetNs: piece.maxOffsetsNs[at]!, rowCount: piece.rowCounts[at - piece.start]! };
        expect(maySummarize(page.minOffsetNs, page.maxOffsetNs), 'only what may be').toBe(true);
        expect(page.minOffsetNs, 'pages follow each other in time').toBeGreaterThan(lastNs);
        lastNs = page.maxOffsetNs;
        for (const { name, summaries } of piece.fields) {
          count(name, page.rowCount - summaryIn(summaries, at).nullCount);
          expectSummary(wanted.cells, page, { name, summary: summaryIn(summaries, at) });
        }
      }
    }
    const wantedCounts = new Map<string, number>();
    for (const cells of wanted.cells.values()) for (const name of cells.keys()) wantedCounts.set(name, (wantedCounts.get(name) ?? 0) + 1);
    expect(counts, 'every cell once, in a row or in a summary').toEqual(wantedCounts);
  }
}

type Cells = ReadonlyMap<number, ReadonlyMap<string, FieldValue>>;

/** Of times that are both inclusive. */
interface SummedPage {
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly rowCount: number;
}

function expectSummary(cells: Cells, page: SummedPage, { name, summary }: { readonly name: string; readonly summary: FieldSummary }): void {
  const found = [...cells]
    .filter(([offsetNs, ofTime]) => offsetNs >= page.minOffsetNs && offsetNs <= page.maxOffsetNs && ofTime.has(name))
    .map(([offsetNs, ofTime]) => ({ offsetNs, value: ofTime.get(name)! }))
    .sort((left, right) => left.offsetNs - right.offsetNs);
  expect(page.rowCount - summary.nullCount, name).toBe(found.length);
  expect([page.minOffsetNs + summary.firstNs, page.maxOffsetNs - summary.lastNs]).toEqual([found[0]!.offsetNs, found.at(-1)!.offsetNs]);
  const { numbers } = summary;
  if (numbers === undefined) return;
  const values = found.map(({ value }) => value as number);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  expect([numbers.first, numbers.last]).toEqual([values[0], values.at(-1)]);
  expect([numbers.min === min, numbers.max === max]).toEqual([true, true]);
  const timeOf = (value: number): number => found.find((each) => each.value === value)!.offsetNs - page.minOffsetNs;
  expect([numbers.minNs, numbers.maxNs]).toEqual([timeOf(min), timeOf(max)]);
  expect(numbers.sum + numbers.sumRest).toBeCloseTo(values.reduce((sum, value) => sum + value, 0), 5);
}

function isStrictlyAscending(offsetsNs: Float64Array): boolean {
  return offsetsNs.every((offsetNs, index) => index === 0 || offsetsNs[index - 1]! < offsetNs);
}
