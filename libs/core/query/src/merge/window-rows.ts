import { DbError, type TimestampNs } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS, type Cell } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { MergePlan } from '../plan/query-plan.ts';
import { shownStartNs, windowStartNs } from '../plan/window-grid.ts';
import type { AggregatesInput, MergedWindow } from './merged-windows.ts';
import { BATCH_ROW_COUNT_MAX, emptyBatch, pushRow, type RowBatch } from './row-batch.ts';

/**
 * Turns merged windows into rows, and adds the rows of windows that have no points: `fill` decides later what stands in
 * them. Only `distinct` has several rows per window, and is never filled.
 */
export async function* windowRows(plan: MergePlan, input: AggregatesInput, windows: AsyncIterable<MergedWindow>): AsyncGenerator<RowBatch> {
  const rows = new WindowRows(plan, input);
  for await (const window of windows) {
    yield* rows.add(window);
  }
  yield* rows.finish();
}

class WindowRows {
  readonly #plan: MergePlan;
  readonly #input: AggregatesInput;
  readonly #isFilled: boolean;
  readonly #isCount: readonly boolean[];
  #group: MergedWindow | undefined;
  #batch: RowBatch | undefined;
  /** The window that must come next in a filled answer. */
  #expectedNs: TimestampNs = 0n;
  #windowCount = 0;

  constructor(plan: MergePlan, input: AggregatesInput) {
    this.#plan = plan;
    this.#input = input;
    this.#isFilled = input.window !== undefined && plan.fill.kind !== 'none' && input.calls.every((call) => call.function !== 'distinct');
    this.#isCount = input.calls.map(({ function: name }) => plan.fill.kind === 'null' && (name === 'count' || name === 'countDistinct'));
  }

  *add(window: MergedWindow): Generator<RowBatch> {
    if (this.#group === undefined || compareGroups(this.#group.group, window.group) !== 0) {
      yield* this.finish();
      this.#begin(window);
    }
    yield* this.#fillUntil(window.startNs);
    this.#pushResults(window);
    if (this.#batch!.ms.length >= BATCH_ROW_COUNT_MAX) yield* this.#flush(window.group);
    this.#expectedNs = window.startNs + this.#stepNs;
  }

  /** The windows behind the last one of the group. */
  *finish(): Generator<RowBatch> {
    if (this.#group === undefined) return;
    const { range, isDescending } = this.#plan;
    const isOpen = isDescending ? range.startNs <= MIN_TIME_NS : range.endNs > MAX_TIME_NS;
    if (this.#isFilled && !isOpen) {
      const lastNs = windowStartNs(this.#input.window!, isDescending ? range.startNs : range.endNs - 1n);
      yield* this.#fillUntil(lastNs + this.#stepNs);
    }
    yield* this.#flush(this.#group.group);
    this.#group = undefined;
  }

  #begin(window: MergedWindow): void {
    const { range, isDescending } = this.#plan;
    this.#group = window;
    this.#windowCount = 0;
    this.#batch = emptyBatch(window.group, this.#inputCount);
    const isOpen = isDescending ? range.endNs > MAX_TIME_NS : range.startNs <= MIN_TIME_NS;
    const firstNs = isDescending ? range.endNs - 1n : range.startNs;
    this.#expectedNs = isOpen || this.#input.window === undefined ? window.startNs : windowStartNs(this.#input.window, firstNs);
  }

  *#fillUntil(untilNs: TimestampNs): Generator<RowBatch> {
    if (!this.#isFilled) return;
    const { group, hasValues } = this.#group!;
    const cells = this.#emptyCells(hasValues);
    for (; this.#expectedNs !== untilNs; this.#expectedNs += this.#stepNs) {
      this.#push(this.#expectedNs, cells);
      if (this.#batch!.ms.length >= BATCH_ROW_COUNT_MAX) yield* this.#flush(group);
    }
  }

  #emptyCells(hasValues: readonly boolean[]): Cell[] {
    const cells: Cell[] = new Array<Cell>(this.#inputCount).fill(null);
    for (const [call, isCount] of this.#isCount.entries()) if (isCount && hasValues[call]) cells[call] = 0;
    return cells;
  }

  #pushResults({ startNs, results, hasValues }: MergedWindow): void {
    const rowCount = results.reduce((most, each) => Math.max(most, each.length), 0);
    if (rowCount === 0 && this.#isFilled) this.#push(startNs, this.#emptyCells(hasValues));
    for (let row = 0; row < rowCount; row += 1) {
      const empty = this.#isFilled ? this.#emptyCells(hasValues) : undefined;
      const cells = results.map((each, call) => each[row]?.value ?? empty?.[call] ?? null);
      const first = results[0]![row];
      const neighbours = this.#input.neighbours.map((_column, index) => first?.neighbours[index] ?? null);
      const pointNs = this.#input.hasPointTimes ? first?.timeNs : undefined;
      if (pointNs === undefined) this.#push(startNs, [...cells, ...neighbours]);
      else pushRow(this.#batch!, pointNs, [...cells, ...neighbours]);
    }
  }

  #push(startNs: TimestampNs, cells: readonly Cell[]): void {
    this.#windowCount += 1;
    const { windowCountMax } = this.#input;
    if (this.#windowCount > windowCountMax) {
      throw new DbError('QUERY_LIMIT', `max-select-buckets limit exceeded: more than ${windowCountMax} windows in one series`);
    }
    pushRow(this.#batch!, this.#timeOf(startNs), cells);
  }

  /** An aggregate is dated with its window, or the lower bound of the query, or 0 where there is none. */
  #timeOf(startNs: TimestampNs): TimestampNs {
    const timeNs = this.#input.window === undefined ? this.#plan.range.startNs : shownStartNs(startNs);
    return timeNs <= MIN_TIME_NS ? 0n : timeNs;
  }

  *#flush(group: GroupKey): Generator<RowBatch> {
    if (this.#batch !== undefined && this.#batch.ms.length > 0) yield this.#batch;
    this.#batch = emptyBatch(group, this.#inputCount);
  }

  get #stepNs(): bigint {
    const everyNs = this.#input.window?.everyNs ?? 0n;
    return this.#plan.isDescending ? -everyNs : everyNs;
  }

  get #inputCount(): number {
    return this.#input.calls.length + this.#input.neighbours.length;
  }
}
