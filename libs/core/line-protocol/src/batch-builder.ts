import type { BatchSeries, PointBatch } from '@varve/model';
import { newIdentity, type SeriesIdentity, type SeriesMemory } from './series-memory.ts';
import { TableBuilder, type RowTime } from './table-builder.ts';

/**
 * Cells that the columns of one batch may take up. A body in which every line has a field of its own would need
 * lines × lines of them; a dense body of 25 MB needs a third of this.
 */
const CELL_COUNT_MAX = 2 ** 24;

/** Collects the rows of one batch in one table per measurement. */
export class BatchBuilder {
  readonly #memory: SeriesMemory;
  readonly #batchNumber: number;
  readonly #series: BatchSeries[] = [];
  readonly #tables: TableBuilder[] = [];
  /** Those with rows, in order of their first row. */
  readonly #startedTables: TableBuilder[] = [];
  readonly #tableIndexes = new Map<string, number>();
  /** Series for which the memory has no room. */
  readonly #strays = new Map<string, SeriesIdentity>();
  #cellCount = 0;
  #rowCount = 0;

  constructor(memory: SeriesMemory) {
    this.#memory = memory;
    this.#batchNumber = memory.beginBatch();
  }

  /** The one identity of a series in this batch. */
  identityOf(key: string, measurement: string): SeriesIdentity {
    const known = this.#strays.get(key) ?? this.#memory.identityOf(key, measurement);
    if (known !== undefined) return known;
    const stray = newIdentity(key, measurement);
    this.#strays.set(key, stray);
    return stray;
  }

  /** @param expectedRowCount a guess, for the first table only: it decides what is reserved */
  tableOf(identity: SeriesIdentity, expectedRowCount: number): TableBuilder {
    if (identity.batchNumber !== this.#batchNumber) {
      identity.batchNumber = this.#batchNumber;
      identity.seriesIndex = -1;
      identity.tableIndex = this.#tableIndexOf(identity.measurement, expectedRowCount);
    }
    return this.#tables[identity.tableIndex]!;
  }

  /** Whether there is room for one more row that fills `newColumnCount` columns that are empty so far. */
  hasRoom(table: TableBuilder, newColumnCount: number): boolean {
    return this.#cellCount - table.cellCount + table.cellCountWith(newColumnCount) <= CELL_COUNT_MAX;
  }

  /** Ends a row of a table that `tableOf` gave for this identity. */
  endRow(identity: SeriesIdentity, table: TableBuilder, time: RowTime, newColumnCount: number): void {
    if (identity.seriesIndex === -1) {
      identity.seriesIndex = this.#series.length;
      this.#series.push({ key: identity.key, measurement: identity.measurement });
    }
    if (table.rowCount === 0) this.#startedTables.push(table);
    const before = table.cellCount;
    table.endRow(identity.seriesIndex, time, newColumnCount);
    this.#cellCount += table.cellCount - before;
    this.#rowCount += 1;
  }

  finish(): PointBatch {
    const tables = this.#startedTables.map((table) => table.finish());
    return { series: this.#series, tables, rowCount: this.#rowCount };
  }

  #tableIndexOf(measurement: string, expectedRowCount: number): number {
    const known = this.#tableIndexes.get(measurement);
    if (known !== undefined) return known;
    const index = this.#tables.length;
    this.#tables.push(new TableBuilder(measurement, index === 0 ? expectedRowCount : 0));
    this.#tableIndexes.set(measurement, index);
    return index;
  }
}
