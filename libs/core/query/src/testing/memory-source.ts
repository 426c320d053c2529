import type { TimestampNs } from '@varve/base';
import { matchesTags, parseSeriesKey, type Column, type FieldType, type FieldValue, type NamedColumn, type SeriesSlice, type TagFilter } from '@varve/model';
import type { OffsetRange, ShardSource, SourceSeries } from '../operators/shard-source.ts';
import { tagValue } from '../operators/tag-value.ts';

/** A point of a test: cells by field. */
export interface TestPoint {
  readonly key: string;
  readonly timeNs: TimestampNs;
  readonly fields: ReadonlyMap<string, TestField>;
}

export interface TestField {
  readonly type: FieldType;
  readonly value: FieldValue;
}

/** One shard of a test: a naive source that scans its points, the later one winning. `onRead` hears of the rows of each read. */
export function memorySource(startNs: TimestampNs, points: readonly TestPoint[], onRead: (rowCount: number) => void = () => undefined): ShardSource {
  const keys = [...new Set(points.map(({ key }) => key))].sort();
  const all = keys.map((key, seriesId): SourceSeries & { readonly measurement: string } => ({ seriesId, key, ...parseSeriesKey(key) }));
  return {
    startNs,
    series: (measurement: string, filter: TagFilter) =>
      all.filter((each) => each.measurement === measurement && matchesTags(filter, (key) => tagValue(each.tags, key))),
    reader: ({ fields }) => (series, range) => {
      const slice = sliceOf(points.filter(({ key }) => key === series.key), { startNs, range, fields });
      onRead(slice.offsetsNs.length);
      return [slice];
    },
  };
}

interface Wanted {
  readonly startNs: TimestampNs;
  readonly range: OffsetRange;
  readonly fields: readonly string[];
}

function sliceOf(points: readonly TestPoint[], { startNs, range, fields }: Wanted): SeriesSlice {
  const rows = new Map<number, Map<string, TestField>>();
  for (const { timeNs, fields: cells } of points) {
    const offset = Number(timeNs - startNs);
    if (offset < range.startOffsetNs || offset >= range.endOffsetNs) continue;
    rows.set(offset, new Map([...(rows.get(offset) ?? []), ...cells]));
  }
  const sorted = [...rows].sort(([left], [right]) => left - right);
  const columns = fields.map((name): NamedColumn | undefined => columnOf(name, sorted.map(([, cells]) => cells.get(name))));
  return { offsetsNs: Float64Array.from(sorted, ([offset]) => offset), columns: columns.filter((column) => column !== undefined) };
}

function columnOf(name: string, cells: readonly (TestField | undefined)[]): NamedColumn | undefined {
  const type = cells.find((cell) => cell !== undefined)?.type;
  if (type === undefined) return undefined;
  const validity = new Uint8Array((cells.length + 7) >> 3);
  for (const [row, cell] of cells.entries()) if (cell !== undefined) validity[row >> 3]! |= 1 << (row & 7);
  const isFull = cells.every((cell) => cell !== undefined);
  const values = valuesOf(type, cells.map((cell) => cell?.value));
  return { name, column: { type, values, validity: isFull ? undefined : validity } as Column };
}

function valuesOf(type: FieldType, values: readonly (FieldValue | undefined)[]): Column['values'] {
  switch (type) {
    case 'string':
      return values.map((value) => String(value ?? ''));
    case 'boolean':
      return Uint8Array.from(values, (value) => (value === true ? 1 : 0));
    case 'float':
      return Float64Array.from(values, (value) => Number(value ?? 0));
    case 'integer':
      if (values.some((value) => typeof value === 'bigint')) return BigInt64Array.from(values, (value) => BigInt(value ?? 0));
      return Float64Array.from(values, (value) => Number(value ?? 0));
  }
}
