import type { Cell, SeriesBlock, TagSet } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import { compileExpression, typeOfExpression, type RowReader } from '../plan/expression.ts';
import type { ValueType } from '../plan/value-type.ts';
import type { MergePlan } from '../plan/query-plan.ts';
import { rowCountAtOnce, sliceBatch, type RowBatch, type RowTimes } from './row-batch.ts';
import type { Stage } from './stage.ts';

/** A block of fewer rows is made longer by what follows: each batch is copied then. */
const SMALL_ROW_COUNT_END = 256;

/** Computes the columns of the answer and cuts them into blocks of at most `chunkRowCount` rows, fewer of wide ones. */
export function buildBlocks(plan: MergePlan, chunkRowCount: number): Stage<RowBatch, SeriesBlock> {
  const builder = new BlockBuilder(plan, chunkRowCount);
  return (batches, isLast) => builder.add(batches, isLast);
}

class BlockBuilder {
  readonly #plan: MergePlan;
  readonly #chunkRowCount: number;
  /** One per column. */
  readonly #columns: readonly ((batch: RowBatch) => Cell[])[];
  readonly #types: readonly ValueType[];
  #rows: BlockRows | undefined;

  constructor(plan: MergePlan, chunkRowCount: number) {
    this.#plan = plan;
    this.#chunkRowCount = rowCountAtOnce(plan.projections.length, chunkRowCount);
    let inputs: RowBatch['inputs'] = [];
    const options = { input: (index: number): RowReader => (row) => inputs[index]![row]!, clause: 'SELECT' } as const;
    this.#columns = plan.projections.map((projection) => {
      if (projection.kind === 'input') return (batch) => shown(batch.inputs[projection.index]!);
      const read = compileExpression(projection, options);
      return (batch) => {
        inputs = batch.inputs;
        return shown(Array.from(batch.times.ms, (_ms, row) => read(row)));
      };
    });
    this.#types = plan.projections.map((projection) => typeOfExpression(projection, options));
  }

  *add(batches: Iterable<RowBatch>, isLast: boolean): Generator<SeriesBlock> {
    for (const batch of batches) {
      if (this.#rows !== undefined && compareGroups(this.#rows.group, batch.group) !== 0) yield this.#take(this.#rows, false);
      const { length } = batch.times.ms;
      for (let start = 0; start < length; start += this.#chunkRowCount) {
        const part = sliceBatch(batch, start, Math.min(length, start + this.#chunkRowCount));
        // Rows that do not fit make a block of their own: to fill up this one, all rows to come would be copied. Many need no company.
        if (this.#rows !== undefined && (this.#rows.count >= SMALL_ROW_COUNT_END || this.#rows.count + part.times.ms.length > this.#chunkRowCount)) yield this.#take(this.#rows, true);
        this.#addRows(part);
      }
    }
    if (isLast && this.#rows !== undefined) yield this.#take(this.#rows, false);
  }

  #addRows(batch: RowBatch): void {
    const cells = this.#columns.map((column) => column(batch));
    if (this.#rows === undefined) this.#rows = new BlockRows(batch.group, batch.times, cells);
    else this.#rows.add(batch.times, cells);
  }

  #take({ group, times, cells, count: rowCount }: BlockRows, isPartial: boolean): SeriesBlock {
    this.#rows = undefined;
    return {
      name: group.measurement,
      tags: tagsOf(this.#plan.dimensions, group),
      columns: this.#plan.columnNames,
      times,
      timeZone: this.#plan.timeZone,
      cells,
      cellTypes: this.#types,
      rowCount,
      isPartial,
    };
  }
}

/** The rows of a block. Those of one batch, as most blocks are, stay in its arrays. */
class BlockRows {
  readonly group: GroupKey;
  times: RowTimes;
  cells: readonly (readonly Cell[])[];
  count: number;
  /** Arrays of its own, once there are rows of several batches. */
  #own: { readonly ms: number[]; readonly subNs: number[]; readonly cells: readonly Cell[][] } | undefined;

  constructor(group: GroupKey, times: RowTimes, cells: readonly (readonly Cell[])[]) {
    this.group = group;
    this.times = times;
    this.cells = cells;
    this.count = times.ms.length;
  }

  add({ ms, subNs }: RowTimes, cells: readonly (readonly Cell[])[]): void {
    this.#own ??= this.#copied();
    for (let row = 0; row < ms.length; row += 1) {
      this.#own.ms.push(ms[row]!);
      this.#own.subNs.push(subNs[row]!);
    }
    for (const [column, own] of this.#own.cells.entries()) for (const cell of cells[column]!) own.push(cell);
    this.count += ms.length;
  }

  #copied(): { readonly ms: number[]; readonly subNs: number[]; readonly cells: readonly Cell[][] } {
    const own = { ms: [...this.times.ms], subNs: [...this.times.subNs], cells: this.cells.map((cells) => [...cells]) };
    this.times = own;
    this.cells = own.cells;
    return own;
  }
}

/** NaN has no form in an answer. */
function shown(cells: Cell[]): Cell[] {
  for (let row = 0; row < cells.length; row += 1) if (Number.isNaN(cells[row])) return cells.map((cell) => (Number.isNaN(cell) ? null : cell));
  return cells;
}

function tagsOf(dimensions: readonly string[], group: GroupKey): TagSet | undefined {
  return dimensions.length === 0 ? undefined : dimensions.map((key, index) => [key, group.values[index]!] as const);
}
