import { DbError } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS, splitNs, type SplitTime } from '@varve/model';
import { compareGroups } from '../partial/group-key.ts';
import { isFilled, tooManyWindows } from '../plan/filled-windows.ts';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';
import { WindowCursor } from '../plan/window-cursor.ts';
import { windowStartNs } from '../plan/window-line.ts';
import { emptyBatch, rowCountAtOnce, type OpenBatch, type RowBatch, type RowTimes } from './row-batch.ts';
import type { Stage } from './stage.ts';
import { callsWithOwnRows, type WindowBatch } from './window-batch.ts';

/**
 * Dates the rows of merged windows, and adds the rows of windows that have no points: `fill` decides later what stands in
 * them. Functions with rows of their own, such as `top`, may have several per window, at the times of points, and are not filled.
 */
export function windowRows(plan: MergePlan, input: AggregatesInput): Stage<WindowBatch, RowBatch> {
  const rows = new WindowRows(plan, input);
  return (batches, isLast) => rows.add(batches, isLast);
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
  /** In a filled answer: the windows that every series has first and last; undefined where its own decide. */
  readonly #first: SplitTime | undefined;
  readonly #last: SplitTime | undefined;
  /** In a filled answer: the window that must come next. */
  readonly #expected: WindowCursor | undefined;
  #group: Pick<WindowBatch, 'group' | 'hasValues'> | undefined;
  #windowCount = 0;

  constructor(plan: MergePlan, input: AggregatesInput) {
    const { window, calls, neighbours } = input;
    const { startNs, endNs } = plan.range;
    this.#plan = plan;
    this.#input = input;
    this.#hasOwnRows = callsWithOwnRows(calls).includes(true);
    this.#isFilled = isFilled(plan, input);
    this.#isCount = calls.map(({ function: name }) => plan.fill.kind === 'null' && (name === 'count' || name === 'countDistinct'));
    this.#inputCount = calls.length + neighbours.length;
    this.#rowCountMax = rowCountAtOnce(this.#inputCount);
    // An aggregate without windows is dated with the lower bound of the query, or 0 where there is none.
    this.#start = splitNs(startNs <= MIN_TIME_NS ? 0n : startNs);
    this.#expected = window === undefined ? undefined : new WindowCursor(window, plan.isDescending);
    const earliest = !this.#isFilled || startNs <= MIN_TIME_NS ? undefined : splitNs(windowStartNs(window!, startNs));
    const latest = !this.#isFilled || endNs > MAX_TIME_NS ? undefined : splitNs(windowStartNs(window!, endNs - 1n));
    [this.#first, this.#last] = plan.isDescending ? [latest, earliest] : [earliest, latest];
  }

  *add(batches: Iterable<WindowBatch>, isLast: boolean): Generator<RowBatch> {
    for (const batch of batches) {
      if (this.#group === undefined || compareGroups(this.#group.group, batch.group) !== 0) {
        yield* this.#rest();
        this.#begin(batch);
      }
      yield* this.#rowsOf(batch);
    }
    if (isLast) yield* this.#rest();
  }

  /** The windows behind the last one of the group. */
  #rest(): Iterable<RowBatch> {
    const group = this.#group;
    const last = this.#last;
    if (group === undefined || last === undefined) return [];
    const isOver = !this.#expected!.isBefore(last.ms, last.subNs) && !this.#expected!.isAt(last.ms, last.subNs);
    return isOver ? [] : this.#filledTo(last, group);
  }

  *#filledTo({ ms, subNs }: SplitTime, { group, hasValues }: Pick<WindowBatch, 'group' | 'hasValues'>): Generator<RowBatch> {
    const rows = emptyBatch(group, this.#inputCount, hasValues);
    yield* this.#fillUntil(rows, ms, subNs);
    if (this.#expected!.isAt(ms, subNs)) this.#pushEmpty(rows);
    if (rows.times.ms.length > 0) yield rows;
  }

  #begin(batch: WindowBatch): void {
    this.#group = batch;
    this.#windowCount = 0;
    const { times } = batch;
    if (this.#isFilled) this.#expected!.moveTo(this.#first?.ms ?? times.ms[0]!, this.#first?.subNs ?? times.subNs[0]!);
  }

  #rowsOf(batch: WindowBatch): Iterable<RowBatch> {
    if (this.#isFilled && this.#hasOwnRows) return this.#filledAround(batch);
    if (this.#isFilled) {
      this.#showCounts(batch);
      if (!this.#isGapless(batch)) return this.#filled(batch);
    }
    this.#countWindows(this.#hasOwnRows ? windowRowCount(batch) : batch.times.ms.length);
    return [this.#dated(batch)];
  }

  /** Whether the batch goes on where the one before it ended, window by window. If not, `expected` stays. */
  #isGapless({ times: { ms, subNs } }: WindowBatch): boolean {
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

  *#filled({ group, hasValues, times: { ms, subNs }, cells }: WindowBatch): Generator<RowBatch> {
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
    if (rows.times.ms.length > 0) yield rows;
  }

  /** Each window has its row, also where a batch has only rows at other times of it: these are behind it, in the order of time. */
  *#filledAround({ group, hasValues, times: { ms, subNs }, cells, pointsNs }: WindowBatch): Generator<RowBatch> {
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
    if (rows.times.ms.length > 0) yield rows;
  }

  /** Adds the empty windows before a time; what fills a batch leaves. */
  *#fillUntil(rows: OpenBatch, ms: number, subNs: number): Generator<RowBatch> {
    while (this.#expected!.isBefore(ms, subNs)) {
      this.#pushEmpty(rows);
      this.#expected!.advance();
      if (rows.times.ms.length < this.#rowCountMax) continue;
      const times = { ms: rows.times.ms.splice(0), subNs: rows.times.subNs.splice(0) };
      yield { ...rows, times, inputs: rows.inputs.map((cells) => cells.splice(0)) };
    }
  }

  #pushEmpty(rows: OpenBatch): void {
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

  #dated({ group, hasValues, times, cells: inputs, pointsNs }: WindowBatch): RowBatch {
    if (this.#input.window !== undefined && pointsNs.length === 0) return { group, hasValues, times: shownTimes(times), inputs };
    const dated = { group, hasValues, times: { ms: [], subNs: [] }, inputs };
    for (let row = 0; row < times.ms.length; row += 1) {
      const pointNs = pointsNs[row];
      const time = pointNs !== undefined ? splitNs(pointNs) : this.#input.window === undefined ? this.#start : undefined;
      pushTime(dated, time?.ms ?? times.ms[row]!, time?.subNs ?? times.subNs[row]!);
    }
    return dated;
  }

  #countWindows(count: number): void {
    this.#windowCount += count;
    const { windowCountMax } = this.#input;
    if (this.#windowCount <= windowCountMax) return;
    throw new DbError('QUERY_LIMIT', tooManyWindows(windowCountMax));
  }
}

const MIN = splitNs(MIN_TIME_NS);

/** Rows that stand for windows. */
function windowRowCount({ pointsNs }: WindowBatch): number {
  return pointsNs.reduce((count, pointNs) => (pointNs === undefined ? count + 1 : count), 0);
}

/** A window that starts before the earliest time a point can have is shown at 0, as in InfluxDB. */
function pushTime({ times }: OpenBatch, ms: number, subNs: number): void {
  const isInTime = isShown(ms, subNs);
  times.ms.push(isInTime ? ms : 0);
  times.subNs.push(isInTime ? subNs : 0);
}

function isShown(ms: number, subNs: number): boolean {
  return ms > MIN.ms || (ms === MIN.ms && subNs > MIN.subNs);
}

/** As `pushTime` of each: only the first and the last window can be too early. */
function shownTimes(times: RowTimes): RowTimes {
  const { ms, subNs } = times;
  const isInTime = (row: number): boolean => isShown(ms[row]!, subNs[row]!);
  const end = ms.length - 1;
  if (isInTime(0) && isInTime(end)) return times;
  return { ms: ms.map((each, row) => (isInTime(row) ? each : 0)), subNs: subNs.map((each, row) => (isInTime(row) ? each : 0)) };
}
