import type { Cell, SeriesBlock, TagSet } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import { compileExpression, typeOfExpression, type RowReader } from '../plan/expression.ts';
import type { ValueType } from '../plan/value-type.ts';
import type { MergePlan } from '../plan/query-plan.ts';
import { rowCountAtOnce, type RowBatch } from './row-batch.ts';

/** Computes the columns of the answer and cuts them into blocks of at most `chunkRowCount` rows, fewer of wide ones. */
export async function* buildBlocks(plan: MergePlan, chunkRowCount: number, batches: AsyncIterable<RowBatch>): AsyncGenerator<SeriesBlock> {
  const builder = new BlockBuilder(plan, chunkRowCount);
  for await (const batch of batches) yield* builder.add(batch);
  yield* builder.finish();
}

class BlockBuilder {
  readonly #plan: MergePlan;
  readonly #chunkRowCount: number;
  /** One per column: of a plain input no reader is needed. */
  readonly #columns: readonly { readonly inputIndex: number | undefined; readonly read: RowReader }[];
  readonly #types: readonly ValueType[];
  #batch: RowBatch | undefined;
  #group: GroupKey | undefined;
  #ms: number[] = [];
  #subNs: number[] = [];
  #cells: Cell[][] = [];

  constructor(plan: MergePlan, chunkRowCount: number) {
    this.#plan = plan;
    this.#chunkRowCount = rowCountAtOnce(plan.projections.length, chunkRowCount);
    const input = (index: number): RowReader => (row) => this.#batch!.inputs[index]![row]!;
    this.#columns = plan.projections.map((projection) => ({
      inputIndex: projection.kind === 'input' ? projection.index : undefined,
      read: compileExpression(projection, { input, clause: 'SELECT' }),
    }));
    this.#types = plan.projections.map((projection) => typeOfExpression(projection, { input, clause: 'SELECT' }));
    this.#clear();
  }

  *add(batch: RowBatch): Generator<SeriesBlock> {
    if (this.#group !== undefined && compareGroups(this.#group, batch.group) !== 0) yield* this.finish();
    this.#group = batch.group;
    this.#batch = batch;
    for (let start = 0; start < batch.ms.length; ) {
      if (this.#ms.length >= this.#chunkRowCount) yield this.#take(true);
      const end = Math.min(batch.ms.length, start + this.#chunkRowCount - this.#ms.length);
      this.#addRows(batch, start, end);
      start = end;
    }
  }

  *finish(): Generator<SeriesBlock> {
    if (this.#ms.length > 0) yield this.#take(false);
  }

  #addRows({ ms, subNs, inputs }: RowBatch, start: number, end: number): void {
    for (let row = start; row < end; row += 1) {
      this.#ms.push(ms[row]!);
      this.#subNs.push(subNs[row]!);
    }
    for (const [column, { inputIndex, read }] of this.#columns.entries()) {
      const cells = this.#cells[column]!;
      const input = inputIndex === undefined ? undefined : inputs[inputIndex]!;
      if (input === undefined) for (let row = start; row < end; row += 1) cells.push(shown(read(row)));
      else for (let row = start; row < end; row += 1) cells.push(shown(input[row]!));
    }
  }

  #take(isPartial: boolean): SeriesBlock {
    const block = {
      name: this.#group!.measurement,
      tags: tagsOf(this.#plan.dimensions, this.#group!),
      columns: this.#plan.columnNames,
      times: { ms: this.#ms, subNs: this.#subNs },
      timeZone: this.#plan.timeZone,
      cells: this.#cells,
      cellTypes: this.#types,
      rowCount: this.#ms.length,
      isPartial,
    };
    this.#clear();
    return block;
  }

  #clear(): void {
    this.#ms = [];
    this.#subNs = [];
    this.#cells = this.#columns.map(() => []);
  }
}

/** NaN has no form in an answer. */
function shown(cell: Cell): Cell {
  return Number.isNaN(cell) ? null : cell;
}

function tagsOf(dimensions: readonly string[], group: GroupKey): TagSet | undefined {
  return dimensions.length === 0 ? undefined : dimensions.map((key, index) => [key, group.values[index]!] as const);
}
