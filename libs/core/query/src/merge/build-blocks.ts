import type { Cell, SeriesBlock, TagSet } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import { compileExpression, type RowReader } from '../plan/expression.ts';
import type { MergePlan } from '../plan/query-plan.ts';
import type { RowBatch } from './row-batch.ts';

/** Computes the columns of the answer and cuts them into blocks of at most `chunkRowCount` rows. */
export async function* buildBlocks(plan: MergePlan, chunkRowCount: number, batches: AsyncIterable<RowBatch>): AsyncGenerator<SeriesBlock> {
  const builder = new BlockBuilder(plan, chunkRowCount);
  for await (const batch of batches) yield* builder.add(batch);
  yield* builder.finish();
}

class BlockBuilder {
  readonly #plan: MergePlan;
  readonly #chunkRowCount: number;
  readonly #readers: readonly RowReader[];
  #batch: RowBatch | undefined;
  #group: GroupKey | undefined;
  #ms: number[] = [];
  #subNs: number[] = [];
  #cells: Cell[][] = [];

  constructor(plan: MergePlan, chunkRowCount: number) {
    this.#plan = plan;
    this.#chunkRowCount = chunkRowCount;
    const input = (index: number): RowReader => (row) => this.#batch!.inputs[index]![row]!;
    this.#readers = plan.projections.map((projection) => compileExpression(projection, { input, clause: 'SELECT' }));
    this.#clear();
  }

  *add(batch: RowBatch): Generator<SeriesBlock> {
    if (this.#group !== undefined && compareGroups(this.#group, batch.group) !== 0) yield* this.finish();
    this.#group = batch.group;
    this.#batch = batch;
    for (let row = 0; row < batch.ms.length; row += 1) {
      if (this.#ms.length >= this.#chunkRowCount) yield this.#take(true);
      this.#ms.push(batch.ms[row]!);
      this.#subNs.push(batch.subNs[row]!);
      for (let column = 0; column < this.#readers.length; column += 1) this.#cells[column]!.push(shown(this.#readers[column]!(row)));
    }
  }

  *finish(): Generator<SeriesBlock> {
    if (this.#ms.length > 0) yield this.#take(false);
  }

  #take(isPartial: boolean): SeriesBlock {
    const block = {
      name: this.#group!.measurement,
      tags: tagsOf(this.#plan.dimensions, this.#group!),
      columns: this.#plan.columnNames,
      times: { ms: Float64Array.from(this.#ms), subNs: Int32Array.from(this.#subNs) },
      cells: this.#cells,
      rowCount: this.#ms.length,
      isPartial,
    };
    this.#clear();
    return block;
  }

  #clear(): void {
    this.#ms = [];
    this.#subNs = [];
    this.#cells = this.#readers.map(() => []);
  }
}

/** NaN has no form in an answer. */
function shown(cell: Cell): Cell {
  return Number.isNaN(cell) ? null : cell;
}

function tagsOf(dimensions: readonly string[], group: GroupKey): TagSet | undefined {
  return dimensions.length === 0 ? undefined : dimensions.map((key, index) => [key, group.values[index]!] as const);
}
