import { assert } from '@varve/base';
import type { Frame, FrameRows, FrameSection } from '@varve/frame';
import {
  parseSeriesKey,
  valueAt,
  type Column,
  type FieldType,
  type FieldValue,
  type SeriesSlice,
  type Tombstone,
  type Version,
} from '@varve/model';

/** One row as a test writes it. The first letter of a field's name is its type: float, integer, boolean, string. */
export interface TestRow {
  readonly key: string;
  readonly offsetNs: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** What makes a frame of rows. */
export interface FrameMark {
  readonly incarnation: number;
  readonly number: number;
  readonly version: Version;
}

/** A frame without bytes: what `decodeFrame` would answer. Of two rows with one (series, time) the later wins per field. */
export function frameOf(mark: FrameMark, rows: readonly TestRow[]): Frame {
  const distinct = new Map<string, TestRow>();
  for (const row of rows) {
    const name = `${row.offsetNs} ${row.key}`;
    distinct.set(name, { ...row, fields: { ...distinct.get(name)?.fields, ...row.fields } });
  }
  const byMeasurement = Map.groupBy(distinct.values(), ({ key }) => parseSeriesKey(key).measurement);
  return {
    header: {
      shard: 1,
      kind: 'rows',
      mutation: { incarnation: mark.incarnation, shard: 1, number: mark.number },
      version: mark.version,
      rowCount: distinct.size,
    },
    sections: Array.from(byMeasurement, ([measurement, ofIt]) => sectionOf(measurement, ofIt)),
    tombstone: undefined,
    sizeBytes: 100 * distinct.size,
  };
}

/** A delete, as `decodeFrame` would answer it. */
export function deleteOf({ incarnation, number, version }: FrameMark, tombstone: Tombstone): Frame {
  const header = { shard: 1, kind: 'tombstone', mutation: { incarnation, shard: 1, number }, version, rowCount: 0 } as const;
  return { header, sections: [], tombstone, sizeBytes: 100 };
}

function sectionOf(measurement: string, rows: readonly TestRow[]): FrameSection {
  const bySeries = Map.groupBy(rows, ({ key }) => key);
  const sorted: TestRow[] = [];
  const rowStarts = [0];
  for (const ofIt of bySeries.values()) {
    sorted.push(...ofIt.toSorted((left, right) => left.offsetNs - right.offsetNs));
    rowStarts.push(sorted.length);
  }
  return {
    measurement,
    seriesKeys: [...bySeries.keys()],
    rows: new TestFrameRows(sorted, Uint32Array.from(rowStarts)),
  };
}

class TestFrameRows implements FrameRows {
  readonly rowCount: number;
  readonly rowStarts: Uint32Array;
  readonly columns: FrameRows['columns'];
  readonly #rows: readonly TestRow[];

  constructor(rows: readonly TestRow[], rowStarts: Uint32Array) {
    this.#rows = rows;
    this.rowCount = rows.length;
    this.rowStarts = rowStarts;
    const names = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))];
    this.columns = names.map((name) => ({
      name,
      type: typeOf(name),
      hasNulls: rows.some(({ fields }) => !Object.hasOwn(fields, name)),
    }));
  }

  readOffsets(firstRow = 0, endRow = this.rowCount): Float64Array {
    return Float64Array.from(this.#rows.slice(firstRow, endRow), ({ offsetNs }) => offsetNs);
  }

  readColumn(columnIndex: number, firstRow = 0, endRow = this.rowCount): Column {
    const { name, type } = this.columns[columnIndex]!;
    return columnOf(
      type,
      this.#rows.slice(firstRow, endRow).map(({ fields }) => (Object.hasOwn(fields, name) ? fields[name] : undefined)),
    );
  }
}

/** The type that a test's field has. */
export function typeOf(name: string): FieldType {
  const type = ({ f: 'float', i: 'integer', b: 'boolean', s: 'string' } as const)[name[0]!];
  assert(type !== undefined, `field "${name}" has no type`);
  return type;
}

/** A column of values, undefined where a row has none. */
export function columnOf(type: FieldType, values: readonly (FieldValue | undefined)[]): Column {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) if (value !== undefined) bits[row >> 3]! |= 1 << (row & 7);
  const validity = values.includes(undefined) ? bits : undefined;
  switch (type) {
    case 'float':
      return { type, values: Float64Array.from(values, (value) => (value ?? 0) as number), validity };
    case 'integer': {
      if (!values.some((value) => typeof value === 'bigint'))
        return { type, values: Float64Array.from(values, (value) => (value ?? 0) as number), validity };
      return { type, values: BigInt64Array.from(values, (value) => BigInt((value ?? 0) as number | bigint)), validity };
    }
    case 'boolean':
      return { type, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), validity };
    case 'string':
      return { type, values: values.map((value) => (value ?? '') as string), validity };
  }
}

/** Rows of an answer that have a value: time → field → value. */
export function cellsOf({
  offsetsNs,
  columns,
}: Pick<SeriesSlice, 'offsetsNs' | 'columns'>): Map<number, Map<string, FieldValue>> {
  const cells = new Map<number, Map<string, FieldValue>>();
  for (const [row, offsetNs] of offsetsNs.entries()) {
    for (const { name, column } of columns) {
      const value = valueAt(column, row);
      if (value === undefined) continue;
      const ofTime = cells.get(offsetNs) ?? new Map<string, FieldValue>();
      assert(!ofTime.has(name), `two values of ${name} at ${offsetNs}`);
      cells.set(offsetNs, ofTime.set(name, value));
    }
  }
  return cells;
}
