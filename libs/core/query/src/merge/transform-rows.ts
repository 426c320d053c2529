import { joinNs, MIN_TIME_NS, splitNs, type Cell } from '@varve/model';
import { compareGroups } from '../partial/group-key.ts';
import type { MergePlan, TransformPlan } from '../plan/query-plan.ts';
import type { WindowPlan } from '../plan/shard-plan.ts';
import { windowStartNs } from '../plan/window-line.ts';
import { PointChain, type ShownPoint } from './point-chain.ts';
import { emptyBatch, rowCountAtOnce, type OpenBatch, type RowBatch } from './row-batch.ts';
import type { Arrivals } from './stage.ts';
import { callsWithOwnRows } from './window-batch.ts';

/** Lets others work; rejects when the answer is not wanted any more. */
export type Pause = () => Promise<void>;

/**
 * Puts each input of a row through its transformations and joins what comes out, by time: rows of one time in the order
 * in which they came, null where a chain has no point. LIMIT and OFFSET are over behind it.
 *
 * What waits: the points of the newest time; where a chain gives points at the end of the series only, one series' rows.
 *
 * @throws DbError QUERY_LIMIT
 */
export async function* transformRows(plan: MergePlan, transform: TransformPlan, arrivals: Arrivals<RowBatch>, pause: Pause): AsyncGenerator<Iterable<RowBatch>> {
  let series: SeriesTransform | undefined;
  for await (const batches of arrivals) {
    for (const batch of batches) {
      if (series === undefined || compareGroups(series.group, batch.group) !== 0) {
        if (series !== undefined) yield await finished(series, pause);
        series = new SeriesTransform(plan, transform, batch);
      }
      series.add(batch);
      yield series.joined(false);
    }
    // Leaving the loop tells the shards to stop.
    if (plan.hasOneSeries && series?.isDone === true) break;
  }
  if (series !== undefined) yield await finished(series, pause);
}

async function finished(series: SeriesTransform, pause: Pause): Promise<Iterable<RowBatch>> {
  for (const _step of series.finish()) await pause();
  return series.joined(true);
}

class SeriesTransform {
  readonly group: RowBatch['group'];
  readonly #chains: readonly PointChain[];
  readonly #inputs: readonly InputRule[];
  readonly #sign: 1 | -1;
  /** The time of the newest row. */
  #ms = NaN;
  #subNs = NaN;

  constructor(plan: MergePlan, transform: TransformPlan, { group, hasValues }: RowBatch) {
    this.group = group;
    this.#sign = plan.isDescending ? -1 : 1;
    const window = plan.input.kind === 'aggregates' ? plan.input.window : undefined;
    const isShown = this.#isFrom(window === undefined ? undefined : firstWindowNs(plan, transform.range));
    const timeNs = transform.range.startNs <= MIN_TIME_NS ? 0n : transform.range.startNs;
    const options = { limits: plan.limits, timeNs, isShown, everyNs: window?.everyNs, isDescending: plan.isDescending };
    this.#chains = transform.outputs.map((chain) => new PointChain(chain, options));
    this.#inputs = transform.outputs.map(({ input }) => this.#inputRule(plan, input, hasValues));
  }

  get isDone(): boolean {
    return this.#chains.every((chain) => chain.isDone && !chain.isHeld);
  }

  add({ times: { ms: allMs, subNs: allSubNs }, inputs }: RowBatch): void {
    for (let row = 0; row < allMs.length; row += 1) {
      const [ms, subNs] = [allMs[row]!, allSubNs[row]!];
      const isFirst = ms !== this.#ms || subNs !== this.#subNs;
      this.#ms = ms;
      this.#subNs = subNs;
      for (let index = 0; index < this.#chains.length; index += 1) {
        const rule = this.#inputs[index]!;
        if (!isFirst && rule.isOnePerTime) continue;
        const value = inputs[rule.input]![row]!;
        if ((value === null && !rule.isFilled) || !rule.isThere({ ms, subNs, value })) continue;
        if (value === null) this.#chains[index]!.addEmpty(ms, subNs);
        else this.#chains[index]!.add({ ms, subNs, value });
      }
    }
  }

  *finish(): Generator<undefined> {
    for (const chain of this.#chains) yield* chain.finish();
  }

  /** Rows of all times that are over; with `isOver` of all. */
  *joined(isOver: boolean): Generator<RowBatch> {
    if (!isOver && this.#chains.some(({ isHeld }) => isHeld)) return;
    let batch = emptyBatch(this.group, this.#chains.length);
    const rowCountMax = rowCountAtOnce(this.#chains.length);
    for (let least = this.#least(); least !== undefined; least = this.#least()) {
      if (!isOver && least.ms === this.#ms && least.subNs === this.#subNs) break;
      this.#takeRow(batch, least);
      if (batch.times.ms.length < rowCountMax) continue;
      yield batch;
      batch = emptyBatch(this.group, this.#chains.length);
    }
    if (batch.times.ms.length > 0) yield batch;
  }

  #takeRow(batch: OpenBatch, { ms, subNs }: ShownPoint): void {
    batch.times.ms.push(ms);
    batch.times.subNs.push(subNs);
    for (const [index, chain] of this.#chains.entries()) {
      const { head } = chain;
      const isHere = head !== undefined && head.ms === ms && head.subNs === subNs;
      const cell: Cell = isHere ? head.value : null;
      batch.inputs[index]!.push(cell);
      if (isHere) chain.take();
    }
  }

  #least(): ShownPoint | undefined {
    let least: ShownPoint | undefined;
    for (const { head } of this.#chains) {
      if (head !== undefined && (least === undefined || this.#sign * (head.ms - least.ms || head.subNs - least.subNs) < 0)) least = head;
    }
    return least;
  }

  #inputRule(plan: MergePlan, input: number, hasValues: readonly boolean[] | undefined): InputRule {
    if (plan.input.kind === 'rows') return { input, isOnePerTime: false, isFilled: false, isThere: () => true };
    const { range } = plan.input.calls[input]!;
    const ownRows = callsWithOwnRows(plan.input.calls);
    const isOnePerTime = !ownRows[input]!;
    if (hasValues?.[input] === false) return { input, isOnePerTime, isFilled: false, isThere: () => false };
    const isFrom = this.#isFrom(range === undefined ? undefined : firstWindowNs(plan, range));
    const { window } = plan.input;
    // Rows that are another function's own may lie between windows.
    const isThere = isOnePerTime && ownRows.includes(true) && window !== undefined ? (point: ShownPoint) => isWindow(window, point) && isFrom(point) : isFrom;
    return { input, isOnePerTime, isFilled: isOnePerTime && plan.fill.kind !== 'none', isThere };
  }

  #isFrom(firstNs: bigint | undefined): (point: ShownPoint) => boolean {
    if (firstNs === undefined) return () => true;
    const first = splitNs(firstNs);
    return ({ ms, subNs }) => this.#sign * (ms - first.ms || subNs - first.subNs) >= 0;
  }
}

/** Which cells of an input are points. */
interface InputRule {
  readonly input: number;
  /** Only the first of several rows of one time can have one. */
  readonly isOnePerTime: boolean;
  /** A cell without a value is a point, too. */
  readonly isFilled: boolean;
  /** Of the call itself: others may read more. */
  readonly isThere: (point: ShownPoint) => boolean;
}

function isWindow(window: WindowPlan, { ms, subNs }: ShownPoint): boolean {
  const timeNs = joinNs(ms, subNs);
  return windowStartNs(window, timeNs) === timeNs;
}

/** The window that an answer of a range starts with. */
function firstWindowNs({ input, isDescending }: MergePlan, { startNs, endNs }: TransformPlan['range']): bigint | undefined {
  return input.kind === 'aggregates' && input.window !== undefined ? windowStartNs(input.window, isDescending ? endNs - 1n : startNs) : undefined;
}
