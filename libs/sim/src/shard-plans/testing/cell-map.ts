import { matchesTags, parseSeriesKey, type Column, type FieldType, type FieldValue, type NamedColumn, type SeriesSlice, type Tombstone } from '@varve/model';
import type { ShardSource } from '@varve/query';

/** A row that is written: times from the shard's start. */
export interface PlanRow {
  readonly key: string;
  readonly offsetNs: number;
  readonly cells: Readonly<Record<string, FieldValue>>;
}

/** The rows that show, of all series, each series by time. */
export type ShownRows = ReadonlyMap<string, readonly ShownRow[]>;

export interface ShownRow {
  readonly offsetNs: number;
  readonly cells: ReadonlyMap<string, FieldValue>;
}

/** Every field of these tests, and its type. */
export const FIELDS: Readonly<Record<string, FieldType>> = { f: 'float', g: 'float', h: 'float', i: 'integer', n: 'integer', o: 'integer', b: 'boolean', s: 'string' };

interface VersionedCell {
  readonly value: FieldValue;
  readonly version: number;
}

/** A shard as a map of maps: a version per cell, and the greatest wins, unless a delete is greater. Versions are numbers. */
export class CellMap {
  readonly #series = new Map<string, Map<number, Map<string, VersionedCell>>>();
  readonly #deletes: { readonly version: number; readonly tombstone: Tombstone }[] = [];
  #shown: ShownRows | undefined;

  write(version: number, rows: readonly PlanRow[]): void {
    this.#shown = undefined;
    for (const { key, offsetNs, cells } of rows) {
      const times = this.#series.get(key) ?? new Map<number, Map<string, VersionedCell>>();
      const present = times.get(offsetNs) ?? new Map<string, VersionedCell>();
      for (const [name, value] of Object.entries(cells)) {
        if ((present.get(name)?.version ?? -1) <= version) present.set(name, { value, version });
      }
      this.#series.set(key, times.set(offsetNs, present));
    }
  }

  delete(version: number, tombstone: Tombstone): void {
    this.#shown = undefined;
    this.#deletes.push({ version, tombstone });
  }

  get shown(): ShownRows {
    this.#shown ??= new Map(Array.from(this.#series, ([key, times]) => [key, this.#rowsOf(key, times)]));
    return this.#shown;
  }

  #rowsOf(key: string, times: ReadonlyMap<number, ReadonlyMap<string, VersionedCell>>): ShownRow[] {
    const rows = Array.from(times, ([offsetNs, cells]) => {
      const shown = [...cells].filter(([, { version }]) => !this.#isHidden(key, offsetNs, version));
      return { offsetNs, cells: new Map(shown.map(([name, { value }]) => [name, value])) };
    });
    return rows.filter(({ cells }) => cells.size > 0).sort((left, right) => left.offsetNs - right.offsetNs);
  }

  /** Deletes of these tests match one tag, or everything. */
  #isHidden(key: string, offsetNs: number, cellVersion: number): boolean {
    const { tags } = parseSeriesKey(key);
    return this.#deletes.some(
      ({ version, tombstone: { series, startOffsetNs, endOffsetNs } }) =>
        cellVersion < version &&
        startOffsetNs <= offsetNs &&
        offsetNs < endOffsetNs &&
        (series.kind !== 'match' || tags.some(([name, value]) => name === series.key && value === series.value)),
    );
  }
}

/** Shown rows for the query engine: one slice per read, never a summary. */
export function rowsOnly(startNs: bigint, shown: ShownRows): ShardSource {
  const all = [...shown.keys()].sort().map((key, seriesId) => ({ seriesId, key, ...parseSeriesKey(key) }));
  return {
    startNs,
    series: (measurement, filter) => all.filter((each) => each.measurement === measurement && matchesTags(filter, (key) => each.tags.find(([name]) => name === key)?.[1] ?? '')),
    reader: ({ fields }) => ({ key }, { startOffsetNs, endOffsetNs }) => {
      const rows = shown.get(key)!.filter(({ offsetNs }) => startOffsetNs <= offsetNs && offsetNs < endOffsetNs);
      return [sliceOf(rows, fields)];
    },
  };
}

function sliceOf(rows: readonly ShownRow[], fields: readonly string[]): SeriesSlice {
  const columns = fields.flatMap((name): NamedColumn[] => {
    const values = rows.map(({ cells }) => cells.get(name));
    return values.every((value) => value === undefined) ? [] : [{ name, column: columnOf(FIELDS[name]!, values) }];
  });
  return { offsetsNs: Float64Array.from(rows, ({ offsetNs }) => offsetNs), columns };
}

function columnOf(type: FieldType, values: readonly (FieldValue | undefined)[]): Column {
  const validity = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) if (value !== undefined) validity[row >> 3]! |= 1 << (row & 7);
  const packed = {
    float: () => Float64Array.from(values, (value) => (value ?? 0) as number),
    integer: () => (values.some((value) => typeof value === 'bigint') ? BigInt64Array.from(values, (value) => BigInt((value ?? 0) as number)) : Float64Array.from(values, (value) => (value ?? 0) as number)),
    boolean: () => Uint8Array.from(values, (value) => (value === true ? 1 : 0)),
    string: () => values.map((value) => (value ?? '') as string),
  }[type]();
  return { type, values: packed, validity } as Column;
}
