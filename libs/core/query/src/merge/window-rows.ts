import { DbError } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS, splitNs, type SplitTime } from '@varve/model';
import { compareGroups } from '../partial/group-key.ts';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';
import { WindowCursor } from '../plan/window-cursor.ts';
import { windowStartNs } from '../plan/window-line.ts';
import { emptyBatch, rowCountAtOnce, type RowBatch } from './row-batch.ts';
import { callsWithOwnRows, type WindowBatch } from './window-batch.ts';

/**
 * Dates the rows of merged windows, and adds the rows of windows that have no points: `fill` decides later what stands in
 * them. Functions with rows of their own, such as `top`, may have several per window, at the times of points, and are not filled.
 */
export async function* windowRows(plan: MergePlan, input: AggregatesInput, batches: AsyncIterable<WindowBatch>): AsyncGenerator<RowBatch> {
  const rows = new WindowRows(plan, input);
  for await (const batch of batches) yield* rows.add(batch);
  yield* rows.finish();
}

class WindowRows {
  readonly #plan: MergePlan;
  readonly #input: AggregatesInput;
  readonly #hasOwnRows: boolean;
  readonly #isFilled: boolean;
  readonly #isCount: readonly boolean[];
  readonly #inputCount: number;
  readonly #rowCountMax: number;
  /** When rows are that have no window. */
  readonly #start: SplitTime;
  /** In a filled answer: the window that must come next. */
  readonly #expected: WindowCursor | undefined;
  #group: Pick<WindowBatch, 'group' | 'hasValues'> | undefined;
  #windowCount = 0;

  constructor(plan: MergePlan, input: AggregatesInput) {
    const { window, calls, neighbours } = input;
    this.#plan = plan;
    this.#input = input;
    const ownRows = callsWithOwnRows(calls);
    this.#hasOwnRows = ownRows.includes(true);
    this.#isFilled = window !== undefined && plan.fill.kind !== 'none' && ownRows.includes(false);
    this.#isCount = calls.map(({ function: name }) => plan.fill.kind === 'null' && (name === 'count' || name === 'countDistinct'));
    this.#inputCount = calls.length + neighbours.length;
    this.#rowCountMax = rowCountAtOnce(this.#inputCount);
    // An aggregate without windows is dated with the lower bound of the query, or 0 where there is none.
    this.#start = splitNs(plan.range.startNs <= MIN_TIME_NS ? 0n : plan.range.startNs);
    this.#expected = window === undefined ? undefined : new WindowCursor(window, plan.isDescending);
  }

  *add(batch: WindowBatch): Generator<RowBatch> {
    if (this.#group === undefined || compareGroups(this.#group.group, batch.group) !== 0) {
      yield* this.finish();
      this.#begin(batch);
    }
    if (!this.#isFilled) {
      this.#countWindows(this.#hasOwnRows ? windowRowCount(batch) : batch.ms.length);
      yield this.#dated(batch);
      return;
    }
    if (this.#hasOwnRows) {
      yield* this.#filledAround(batch);
      return;
    }
    this.#showCounts(batch);
    if (!this.#isGapless(batch)) {
      yield* this.#filled(batch);
      return;
    }
    this.#countWindows(batch.ms.length);
    yield this.#dated(batch);
  }

  /** The windows behind the last one of the group. */
  *finish(): Generator<RowBatch> {
    if (this.#group === undefined) return;
    const { range, isDescending } = this.#plan;
    const isOpen = isDescending ? range.startNs <= MIN_TIME_NS : range.endNs > MAX_TIME_NS;
    if (this.#isFilled && !isOpen) {
      const last = splitNs(windowStartNs(this.#input.window!, isDescending ? range.startNs : range.endNs - 1n));
      const rest = emptyBatch(this.#group.group, this.#inputCount, this.#group.hasValues);
      yield* this.#fillUntil(rest, last.ms, last.subNs);
      if (this.#expected!.isAt(last.ms, last.subNs)) this.#pushEmpty(rest);
      if (rest.ms.length > 0) yield rest;
    }
    this.#group = undefined;
  }

  #begin(batch: WindowBatch): void {
    const { range, isDescending } = this.#plan;
    this.#group = batch;
    this.#windowCount = 0;
    if (!this.#isFilled) return;
    const isOpen = isDescending ? range.endNs > MAX_TIME_NS : range.startNs <= MIN_TIME_NS;
    const first = isOpen ? undefined : splitNs(windowStartNs(this.#input.window!, isDescending ? range.endNs - 1n : range.startNs));
    this.#expected!.moveTo(first?.ms ?? batch.ms[0]!, first?.subNs ?? batch.subNs[0]!);
  }

  /** Whether the batch goes on where the one before it ended, window by window. If not, `expected` stays. */
  #isGapless({ ms, subNs }: WindowBatch): boolean {
    const expected = this.#expected!;
    const before = { ms: expected.ms, subNs: expected.subNs };
    for (let row = 0; row < ms.length; row += 1) {
      if (!expected.isAt(ms[row]!, subNs[row]!)) {
        expected.moveTo(before.ms, before.subNs);
        return false;
      }
      expected.advance();
    }
    return true;
  }

  *#filled({ group, hasValues, ms, subNs, cells }: WindowBatch): Generator<RowBatch> {
    const rows = emptyBatch(group, this.#inputCount, hasValues);
    for (let row = 0; row < ms.length; row += 1) {
      yield* this.#fillUntil(rows, ms[row]!, subNs[row]!);
      this.#countWindows(1);
      pushTime(rows, ms[row]!, subNs[row]!);
      for (let input = 0; input < cells.length; input += 1) rows.inputs[input]!.push(cells[input]![row]!);
      // Rows of a subquery are dated with the start of its windows, which may be before all windows of the range.
      this.#expected!.moveTo(ms[row]!, subNs[row]!);
      this.#expected!.advance();
    }
    if (rows.ms.length > 0) yield rows;
  }

  /** Each window has its row, also where a batch has only rows at other times of it: these are behind it, in the order of time. */
  *#filledAround({ group, hasValues, ms, subNs, cells, pointsNs }: WindowBatch): Generator<RowBatch> {
    const rows = emptyBatch(group, this.#inputCount, hasValues);
    const expected = this.#expected!;
    for (let row = 0; row < ms.length; row += 1) {
      const pointNs = pointsNs[row];
      const isWindow = pointNs === undefined;
      yield* this.#fillUntil(rows, ms[row]!, subNs[row]!);
      if (!isWindow && !this.#plan.isDescending && expected.isAt(ms[row]!, subNs[row]!)) {
        this.#pushEmpty(rows);
        expected.advance();
      }
      const time = isWindow ? expected : splitNs(pointNs);
      pushTime(rows, time.ms, time.subNs);
      for (let input = 0; input < cells.length; input += 1) rows.inputs[input]!.push(cells[input]![row] ?? (isWindow && this.#isZero(input) ? 0 : null));
      if (!isWindow) continue;
      this.#countWindows(1);
      expected.advance();
    }
    if (rows.ms.length > 0) yield rows;
  }

  /** Adds the empty windows before a time; what fills a batch leaves. */
  *#fillUntil(rows: RowBatch, ms: number, subNs: number): Generator<RowBatch> {
    while (this.#expected!.isBefore(ms, subNs)) {
      this.#pushEmpty(rows);
      this.#expected!.advance();
      if (rows.ms.length < this.#rowCountMax) continue;
      yield { ...rows, ms: rows.ms.splice(0), subNs: rows.subNs.splice(0), inputs: rows.inputs.map((cells) => cells.splice(0)) };
    }
  }

  #pushEmpty(rows: RowBatch): void {
    this.#countWindows(1);
    pushTime(rows, this.#expected!.ms, this.#expected!.subNs);
    for (let input = 0; input < this.#inputCount; input += 1) rows.inputs[input]!.push(this.#isZero(input) ? 0 : null);
  }

  /** A count of nothing is 0 where the group has values at all. */
  #showCounts({ cells }: WindowBatch): void {
    for (let input = 0; input < this.#isCount.length; input += 1) {
      if (!this.#isZero(input)) continue;
      const counts = cells[input]!;
      for (let row = 0; row < counts.length; row += 1) counts[row] ??= 0;
    }
  }

  #isZero(input: number): boolean {
    return this.#isCount[input] === true && this.#group!.hasValues[input]!;
  }

  #dated({ group, hasValues, ms, subNs, cells, pointsNs }: WindowBatch): RowBatch {
    const dated: RowBatch = { group, hasValues, ms: [], subNs: [], inputs: cells };
    for (let row = 0; row < ms.length; row += 1) {
      const pointNs = pointsNs[row];
      const time = pointNs !== undefined ? splitNs(pointNs) : this.#input.window === undefined ? this.#start : undefined;
      pushTime(dated, time?.ms ?? ms[row]!, time?.subNs ?? subNs[row]!);
    }
    return dated;
  }

  #countWindows(count: number): void {
    this.#windowCount += count;
    const { windowCountMax } = this.#input;
    if (this.#windowCount <= windowCountMax) return;
    throw new DbError('QUERY_LIMIT', `max-select-buckets limit exceeded: more than ${windowCountMax} windows in one series`);
  }
}

const MIN = splitNs(MIN_TIME_NS);

/** Rows that stand for windows. */
function windowRowCount({ pointsNs }: WindowBatch): number {
  return pointsNs.reduce((count, pointNs) => (pointNs === undefined ? count + 1 : count), 0);
}

/** A window that starts before the earliest time a point can have is shown at 0, as in InfluxDB. */
function pushTime({ ms: allMs, subNs: allSubNs }: RowBatch, ms: number, subNs: number): void {
  const isShown = ms > MIN.ms || (ms === MIN.ms && subNs > MIN.subNs);
  allMs.push(isShown ? ms : 0);
  allSubNs.push(isShown ? subNs : 0);
}
