import type { SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import { seriesKey, type BatchSeries, type Cell, type FieldType, type MeasurementTable, type NamedColumn, type PointBatch, type SeriesBlock, type TagSet } from '@varve/model';
import type { TagColumn } from '../plan/query-plan.ts';
import { columnOf } from './column-of.ts';
import type { IntoField, IntoPlan } from './plan-into.ts';

/** Rough bytes of a row or a cell beside what is in it. */
const OVERHEAD_SIZE_BYTES = 16;

/**
 * Makes points of the rows of an answer (IN1): the tags of a series of the answer are tags, its columns are fields, nulls are
 * left out. What cannot be a point is none: a row without any value, a series key that is too long.
 */
export class PointCollector {
  readonly #plan: IntoPlan;
  #series: BatchSeries[] = [];
  #seriesIndexes = new Map<string, number>();
  /** By measurement. */
  #tables = new Map<string, Rows>();
  #rowCount = 0;
  #sizeBytes: SizeBytes = 0;

  constructor(plan: IntoPlan) {
    this.#plan = plan;
  }

  /** It is time to write: what is added beyond is one block at most. */
  get isFull(): boolean {
    return this.#rowCount >= LIMITS.intoRowCountMax || this.#sizeBytes >= LIMITS.intoSizeBytesMax;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Of what was collected, roughly, as text. */
  get sizeBytes(): SizeBytes {
    return this.#sizeBytes;
  }

  add(block: SeriesBlock): void {
    const { fields, tags, measurement = block.name } = this.#plan;
    const ofBlock = tags.length === 0 ? this.#seriesIndexOf(measurement, block.tags ?? []) : undefined;
    const table = this.#tableOf(measurement);
    for (let row = 0; row < block.rowCount; row += 1) {
      const cells = fields.map(({ column, type }) => storable(block.cells[column]![row]!, type));
      const seriesIndex = ofBlock ?? this.#seriesIndexOf(measurement, tagsOf(block, tags, row));
      if (seriesIndex === undefined || cells.every((cell) => cell === null)) continue;
      table.push(cells, { seriesIndex, ms: block.times!.ms[row]!, subNs: block.times!.subNs[row]! });
      this.#rowCount += 1;
      this.#sizeBytes += cells.reduce<number>((size, cell) => size + OVERHEAD_SIZE_BYTES + (typeof cell === 'string' ? cell.length : 0), OVERHEAD_SIZE_BYTES);
    }
  }

  /** What was collected since the last time; the next batch begins empty. */
  take(): PointBatch {
    const tables = Array.from(this.#tables.values(), (table) => table.finish()).filter(({ rowCount }) => rowCount > 0);
    const batch = { series: this.#series, tables, rowCount: this.#rowCount };
    this.#series = [];
    this.#seriesIndexes = new Map();
    this.#tables = new Map();
    this.#rowCount = 0;
    this.#sizeBytes = 0;
    return batch;
  }

  /** undefined: no point can have so long a key. */
  #seriesIndexOf(measurement: string, tags: TagSet): number | undefined {
    const key = seriesKey(measurement, tags.filter(([, value]) => value !== ''));
    const known = this.#seriesIndexes.get(key);
    if (known !== undefined) return known;
    if (utf8SizeBytes(key) > LIMITS.seriesKeySizeBytesMax) return undefined;
    const index = this.#series.push({ key, measurement }) - 1;
    this.#seriesIndexes.set(key, index);
    this.#sizeBytes += key.length;
    return index;
  }

  #tableOf(measurement: string): Rows {
    const known = this.#tables.get(measurement);
    if (known !== undefined) return known;
    const table = new Rows(measurement, this.#plan.fields);
    this.#tables.set(measurement, table);
    return table;
  }
}

/** Those of the series of the answer, and those that stand in columns of the row. */
function tagsOf(block: SeriesBlock, columns: readonly TagColumn[], row: number): TagSet {
  const tags = new Map(columns.map(({ key, column }) => [key, String(block.cells[column]![row] ?? '')]));
  for (const [key, value] of block.tags ?? []) tags.set(key, value);
  return [...tags].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Numbers that no field can have are none, nor are those that `fill` puts beside texts and booleans. */
function storable(cell: Cell, type: FieldType): Cell {
  if (typeof cell === 'number' && !Number.isFinite(cell)) return null;
  return (type === 'string' || type === 'boolean') && typeof cell !== type ? null : cell;
}

function utf8SizeBytes(text: string): SizeBytes {
  // Three bytes per code unit at most: only long ones are measured.
  return text.length * 3 <= LIMITS.seriesKeySizeBytesMax ? text.length * 3 : new TextEncoder().encode(text).length;
}

interface RowPlace {
  readonly seriesIndex: number;
  readonly ms: number;
  readonly subNs: number;
}

/** The rows of one measurement. */
class Rows {
  readonly #measurement: string;
  readonly #fields: readonly IntoField[];
  readonly #cells: Cell[][];
  readonly #seriesIndexes: number[] = [];
  readonly #ms: number[] = [];
  readonly #subNs: number[] = [];

  constructor(measurement: string, fields: readonly IntoField[]) {
    this.#measurement = measurement;
    this.#fields = fields;
    this.#cells = fields.map(() => []);
  }

  push(cells: readonly Cell[], { seriesIndex, ms, subNs }: RowPlace): void {
    for (const [field, cell] of cells.entries()) this.#cells[field]!.push(cell);
    this.#seriesIndexes.push(seriesIndex);
    this.#ms.push(ms);
    this.#subNs.push(subNs);
  }

  finish(): MeasurementTable {
    const columns = this.#fields.map(({ name, type }, field): NamedColumn | undefined => {
      const column = columnOf(type, this.#cells[field]!);
      return column === undefined ? undefined : { name, column };
    });
    return {
      measurement: this.#measurement,
      rowCount: this.#ms.length,
      seriesIndexes: Uint32Array.from(this.#seriesIndexes),
      times: { ms: Float64Array.from(this.#ms), subNs: Int32Array.from(this.#subNs) },
      lineIndexes: Uint32Array.from(this.#ms.keys()),
      columns: columns.filter((column) => column !== undefined),
    };
  }
}
