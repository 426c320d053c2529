import { MAX_TIME_NS, MIN_TIME_NS, type TimeRange } from '@varve/model';
import type { Fill, SelectStatement } from '../influxql/ast.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import type { ProjectedCall, Projections } from './plan-projections.ts';
import type { AggregateStep, TransformPlan, TransformStep } from './query-plan.ts';
import type { WindowPlan } from './shard-plan.ts';
import { windowsAway } from './window-line.ts';

/** What an answer is about, and how. */
interface AskedRange {
  readonly asked: TimeRange;
  readonly window: WindowPlan | undefined;
  readonly isDescending: boolean;
}

/** A range over all calls, and each call with its own part of it. */
export interface Reach {
  readonly range: TimeRange;
  readonly calls: readonly ProjectedCall[];
}

/**
 * Where each call begins: with GROUP BY time, one below transformations begins a window earlier for each of them, in the
 * order of the answer; a call beside them begins where the answer does, also in the middle of a window. `windows`: that have
 * a row. `points`: that are read; as in InfluxDB below several transformations they begin later than the windows.
 */
export function reachOf({ calls: projected, outputs }: Projections, scope: AskedRange): { readonly windows: Reach; readonly points: Reach } {
  const calls = projected.map((each) => asRead(each, scope));
  let readWindowCount = 0;
  for (const { steps } of outputs) for (const step of steps) readWindowCount = Math.max(readWindowCount, readBy(step));
  const leadWindowCount = leadOfCalls(calls);
  const windows = reachWith(calls, scope, leadWindowCount);
  return { windows, points: leadWindowCount <= readWindowCount ? windows : reachWith(calls, scope, readWindowCount) };
}

/** With what depends on the order in which InfluxDB reads points. */
function asRead(projected: ProjectedCall, scope: AskedRange): ProjectedCall {
  const { call } = projected;
  if (call.function === 'distinct' && scope.isDescending) return { ...projected, call: { ...call, takesLastTime: true } };
  return picksLastKey(projected, scope) ? { ...projected, call: { ...call, picksLastKey: true } } : projected;
}

/** TI1: InfluxDB reads series in the order of the answer, but for first() and last() without windows, of which it reads the ends. */
function picksLastKey({ call }: ProjectedCall, { window, isDescending }: AskedRange): boolean {
  switch (call.function) {
    case 'first':
      return isDescending && window !== undefined;
    case 'last':
      return isDescending || window === undefined;
    case 'min':
    case 'max':
      return isDescending;
    default:
      return false;
  }
}

/** Windows before the first one asked for that the first of some calls begins with. */
export function leadOfCalls(calls: Projections['calls']): number {
  return calls.reduce((most, { leadWindowCount }) => Math.max(most, leadWindowCount), 0);
}

function readBy(step: TransformStep | AggregateStep): number {
  return step.kind === 'aggregate' ? 0 : (TRANSFORMATIONS.get(step.function)!.readWindowCount?.(step.args) ?? 1);
}

/** None begins more than so many windows before the first one asked for. */
function reachWith(calls: readonly ProjectedCall[], scope: AskedRange, leadWindowCountMax: number): Reach {
  const range = ledRange(scope, leadWindowCountMax);
  return { range, calls: calls.map((each) => (each.leadWindowCount >= leadWindowCountMax ? each : withRange(each, ledRange(scope, each.leadWindowCount), range))) };
}

function withRange(projected: ProjectedCall, own: TimeRange, range: TimeRange): ProjectedCall {
  if (own.startNs === range.startNs && own.endNs === range.endNs) return projected;
  return { ...projected, call: { ...projected.call, range: own } };
}

function ledRange({ asked, window, isDescending }: AskedRange, leadWindowCount: number): TimeRange {
  const led = (timeNs: bigint): bigint => (window === undefined ? timeNs : windowsAway(window, timeNs, isDescending ? leadWindowCount : -leadWindowCount));
  const startNs = isDescending || asked.startNs <= MIN_TIME_NS ? asked.startNs : led(asked.startNs);
  const endNs = isDescending ? led(asked.endNs) : asked.endNs;
  return { startNs: startNs < MIN_TIME_NS ? MIN_TIME_NS : startNs, endNs: endNs > MAX_TIME_NS ? MAX_TIME_NS + 1n : endNs };
}

/** Transformations, and functions that are joined one by one, because LIMIT counts the points of each before windows without any are left out. */
export function planTransform({ outputs, calls }: Projections, { fill, limit, offset }: SelectStatement, { asked, window }: AskedRange): TransformPlan | undefined {
  const isLimitedOneByOne = calls.length > 1 && window !== undefined && fill.kind === 'none' && limit + offset > 0;
  return isLimitedOneByOne || outputs.some(({ steps }) => steps.length > 0) ? { range: asked, outputs } : undefined;
}

/** Transformations pass over windows without a value, so nobody sees them: they need no rows, which may be many. A count has one. */
export function isFillSeen(fill: Fill, { calls }: Reach, transform: TransformPlan | undefined): boolean {
  if (fill.kind !== 'null' || transform === undefined) return true;
  return transform.outputs.some(({ steps }) => steps.length === 0) || calls.some(({ call }) => call.function === 'count' || call.function === 'countDistinct');
}
