import type { FieldType, MeasurementTable } from '@varve/model';
import { ColumnBuilder } from './column-builder.ts';

const CAPACITY_FIRST = 16;

/** When a row is, and which line it came from. One object serves all rows. */
export interface RowTime {
  ms: number;
  subNs: number;
  lineIndex: number;
}

/** A field of a table, with the place of its key in the body and the field that followed it last time. */
export class TableField {
  readonly name: string;
  /** Where `key=` stands in the body; −1 when it was only seen in lines for the exact reader. */
  keyOffset = -1;
  /** With the `=`. */
  keySizeBytes = 0;
  successor: TableField | undefined;
  float: ColumnBuilder | undefined;
  integer: ColumnBuilder | undefined;
  boolean: ColumnBuilder | undefined;
  string: ColumnBuilder | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

/** Collects the rows of one measurement. */
export class TableBuilder {
  readonly measurement: string;
  rowCount = 0;
  /** Cells that its columns take up, with or without a value. */
  cellCount = 0;
  firstField: TableField | undefined;
  #capacity: number;
  #filledColumnCount = 0;
  #seriesIndexes: Uint32Array;
  #ms: Float64Array;
  #subNs: Int32Array;
  #lineIndexes: Uint32Array;
  readonly #fields = new Map<string, TableField>();
  readonly #columns: ColumnBuilder[] = [];

  constructor(measurement: string, expectedRowCount: number) {
    this.measurement = measurement;
    this.#capacity = Math.max(CAPACITY_FIRST, Math.ceil(expectedRowCount));
    this.#seriesIndexes = new Uint32Array(this.#capacity);
    this.#ms = new Float64Array(this.#capacity);
    this.#subNs = new Int32Array(this.#capacity);
    this.#lineIndexes = new Uint32Array(this.#capacity);
  }

  /** Rows that there is room for. */
  get capacity(): number {
    return this.#capacity;
  }

  field(name: string): TableField {
    const known = this.#fields.get(name);
    if (known !== undefined) return known;
    const field = new TableField(name);
    this.#fields.set(name, field);
    return field;
  }

  /** A field has one column per type that it occurs with. */
  column(field: TableField, type: FieldType): ColumnBuilder {
    return (field[type] ??= this.#addColumn(field, type));
  }

  /** Cells it would take up with one more row that fills `newColumnCount` empty columns. */
  cellCountWith(newColumnCount: number): number {
    return (this.rowCount + 1) * (this.#filledColumnCount + newColumnCount);
  }

  /** Ends a row whose values are set. @param newColumnCount columns that were empty before it */
  endRow(seriesIndex: number, time: RowTime, newColumnCount: number): void {
    const { rowCount } = this;
    this.cellCount = this.cellCountWith(newColumnCount);
    this.#filledColumnCount += newColumnCount;
    this.#seriesIndexes[rowCount] = seriesIndex;
    this.#ms[rowCount] = time.ms;
    this.#subNs[rowCount] = time.subNs;
    this.#lineIndexes[rowCount] = time.lineIndex;
    this.rowCount = rowCount + 1;
    if (this.rowCount === this.#capacity) this.#grow();
  }

  finish(): MeasurementTable {
    const { rowCount } = this;
    return {
      measurement: this.measurement,
      rowCount,
      seriesIndexes: this.#seriesIndexes.subarray(0, rowCount),
      times: { ms: this.#ms.subarray(0, rowCount), subNs: this.#subNs.subarray(0, rowCount) },
      lineIndexes: this.#lineIndexes.subarray(0, rowCount),
      columns: this.#columns
        .filter((column) => !column.isEmpty)
        .map((column) => ({ name: column.name, column: column.finish(rowCount) })),
    };
  }

  #addColumn(field: TableField, type: FieldType): ColumnBuilder {
    const column = new ColumnBuilder(field.name, type);
    this.#columns.push(column);
    return column;
  }

  #grow(): void {
    this.#capacity *= 2;
    const grow = <Numbers extends { set(from: Numbers): void }>(from: Numbers, into: Numbers): Numbers => {
      into.set(from);
      return into;
    };
    this.#seriesIndexes = grow(this.#seriesIndexes, new Uint32Array(this.#capacity));
    this.#ms = grow(this.#ms, new Float64Array(this.#capacity));
    this.#subNs = grow(this.#subNs, new Int32Array(this.#capacity));
    this.#lineIndexes = grow(this.#lineIndexes, new Uint32Array(this.#capacity));
  }
}
