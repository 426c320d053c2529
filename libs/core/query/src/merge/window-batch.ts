import type { TimestampNs } from '@varve/base';
import type { Cell, SplitTime } from '@varve/model';
import type { FunctionResult } from '../functions/function-definition.ts';
import { FUNCTIONS, type FunctionName } from '../functions/function-table.ts';
import type { GroupHeader } from '../partial/aggregate-frame.ts';
import type { GroupKey } from '../partial/group-key.ts';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';
import { joinResults, type JoinedRow } from './join-results.ts';
import { LARGE_BATCH_ROW_COUNT_MAX, rowCountAtOnce, type OpenBatch, type RowTimes } from './row-batch.ts';
import { windowTimeNs } from './window-time.ts';

/** Rows of windows of one group, merged over all shards, in the order of the answer. All row arrays run alike. */
export interface WindowBatch {
  readonly group: GroupKey;
  /** Per call: whether any shard has values for it in the group. The same array for all windows of a group. */
  readonly hasValues: readonly boolean[];
  /** When the row's window starts; 0 without windows. */
  readonly times: RowTimes;
  /** One array per input: the calls, then the neighbours of a selector. */
  readonly cells: Cell[][];
  /** When the first call's point is, or the row of its own; undefined where the row is the window's, or nobody asks for it. */
  readonly pointsNs: readonly (TimestampNs | undefined)[];
}

/** One window of one group, merged over all shards. */
export interface MergedWindow {
  /** The same object for all windows of a group. */
  readonly group: GroupHeader;
  readonly start: SplitTime;
  /** Per call; none where it has no answer in this window. */
  readonly results: readonly (readonly FunctionResult[])[];
}

/** Per call: whether its results are rows of their own. */
export function callsWithOwnRows(calls: readonly { readonly function: FunctionName }[]): boolean[] {
  return calls.map((call) => FUNCTIONS[call.function].hasOwnRows === true);
}

/** Rows that are being gathered. */
interface OpenWindows extends WindowBatch {
  readonly times: OpenBatch['times'];
  readonly pointsNs: (TimestampNs | undefined)[];
}

/** Makes batches of windows that come in the order of the answer. */
export class WindowBatcher {
  readonly #plan: MergePlan;
  readonly #input: AggregatesInput;
  readonly #ownRows: readonly boolean[];
  readonly #rowCountMax: number;
  #batch: OpenWindows | undefined;

  constructor(plan: MergePlan, input: AggregatesInput) {
    this.#plan = plan;
    this.#input = input;
    this.#ownRows = callsWithOwnRows(input.calls);
    this.#rowCountMax = input.calls.some((call) => FUNCTIONS[call.function].hasLargeResults) ? LARGE_BATCH_ROW_COUNT_MAX : rowCountAtOnce(input.calls.length);
  }

  /** @returns the batches that are over: before this window, or full with rows of it */
  *add(window: MergedWindow): Generator<WindowBatch> {
    const isOver = this.#isFull || (this.#batch !== undefined && this.#batch.group !== window.group.key);
    const done = isOver ? this.finish() : undefined;
    if (done !== undefined) yield done;
    this.#batch ??= this.#emptyBatch(window.group);
    if (isOneUntimed(window)) yield* this.#pushUntimed(window);
    else if (this.#ownRows.includes(true)) this.#pushJoined(window);
    else this.#pushOne(window);
  }

  get #isFull(): boolean {
    return this.#batch !== undefined && this.#batch.times.ms.length >= this.#rowCountMax;
  }

  /** The last batch; undefined where it has no rows. */
  finish(): WindowBatch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    return batch !== undefined && batch.times.ms.length > 0 ? batch : undefined;
  }

  /** The window's row, if any call has a result; none has several. */
  #pushOne({ start, results }: MergedWindow): void {
    if (results.every((each) => each.length === 0)) return;
    const first = results[0]![0];
    const cells = results.map((each) => each[0]?.value ?? null);
    this.#push(start, { timeNs: this.#input.hasPointTimes ? first?.timeNs : undefined, cells, neighbours: first?.neighbours ?? [] });
  }

  /** As `#pushJoined` would: there may be a million, all at the window's time. */
  *#pushUntimed({ group, start, results: [only] }: MergedWindow): Generator<WindowBatch> {
    const windowNs = windowTimeNs(this.#plan, this.#input, start);
    let timeNs: TimestampNs | undefined;
    for (const { value, neighbours } of only!) {
      if (this.#isFull) {
        yield this.finish()!;
        this.#batch = this.#emptyBatch(group);
      }
      this.#push(start, { timeNs, cells: [value], neighbours });
      timeNs = windowNs;
    }
  }

  /** Rows at the times of results. The first one at the window's time is the window's own. */
  #pushJoined({ start, results }: MergedWindow): void {
    const windowNs = windowTimeNs(this.#plan, this.#input, start);
    const timed = results.map((each, call) => (this.#ownRows[call] ? each : each.map((result) => ({ ...result, timeNs: undefined }))));
    const rows = joinResults(timed, windowNs);
    const windowRow = rows.find(({ timeNs }) => timeNs === windowNs);
    for (const row of inOrder(rows, this.#plan.isDescending)) this.#push(start, row === windowRow ? { ...row, timeNs: undefined } : row);
  }

  #push({ ms, subNs }: SplitTime, { timeNs, cells, neighbours }: Omit<JoinedRow, 'timeNs'> & { readonly timeNs: TimestampNs | undefined }): void {
    const batch = this.#batch!;
    batch.times.ms.push(ms);
    batch.times.subNs.push(subNs);
    batch.pointsNs.push(timeNs);
    for (let call = 0; call < cells.length; call += 1) batch.cells[call]!.push(cells[call]!);
    for (let index = 0; index < this.#input.neighbours.length; index += 1) batch.cells[cells.length + index]!.push(neighbours[index] ?? null);
  }

  #emptyBatch({ key: group, hasValues }: GroupHeader): OpenWindows {
    const { calls, neighbours } = this.#input;
    return { group, hasValues, times: { ms: [], subNs: [] }, cells: Array.from({ length: calls.length + neighbours.length }, () => []), pointsNs: [] };
  }
}

/** Whether its rows are the results of one call, as they are. */
function isOneUntimed({ results }: MergedWindow): boolean {
  const [only] = results;
  return results.length === 1 && only!.length > 1 && only!.every(({ timeNs }) => timeNs === undefined);
}

/** Rows that ascend in time, in the order of the answer; those of one time stay in their order. */
function inOrder(rows: JoinedRow[], isDescending: boolean): JoinedRow[] {
  return isDescending ? rows.sort((left, right) => (left.timeNs === right.timeNs ? 0 : left.timeNs < right.timeNs ? 1 : -1)) : rows;
}
