import type { Call, Expr } from '../../influxql/ast.ts';
import type { Entry } from './model-functions.ts';
import { startOf, type Question } from './model-question.ts';

/** Functions that make points of the points of a series. */
export const TRANSFORMATIONS: ReadonlySet<string> = new Set(['derivative', 'non_negative_derivative', 'difference', 'non_negative_difference', 'moving_average', 'cumulative_sum', 'elapsed']);

type Numeric = bigint | number;

/** What a transformation makes of points, which come in the order of the answer. */
export function transform(call: Call, points: readonly Entry[], question: Question): Entry[] {
  switch (call.name) {
    case 'moving_average': {
      const count = Number((call.args[1] as { readonly value: bigint }).value);
      return points.flatMap(({ time }, at) => (at + 1 < count ? [] : [{ time, value: averageOf(points.slice(0, at + 1), count), row: undefined }]));
    }
    case 'cumulative_sum':
      return points.map(({ time }, at) => ({ time, value: sumOf(points.slice(0, at + 1)), row: undefined }));
    case 'elapsed': {
      const unitNs = durationOf(call.args[1]) ?? 1n;
      return points.slice(1).map(({ time }, at) => ({ time, value: (time - points[at]!.time) / unitNs, row: undefined }));
    }
    default:
      return changes(call, points.filter(({ time }, at) => at === 0 || points[at - 1]!.time !== time), question);
  }
}

/** Differences and derivatives of points at different times. */
function changes(call: Call, points: readonly Entry[], { window, statement }: Question): Entry[] {
  return points.slice(1).flatMap(({ time, value }, at): Entry[] => {
    const change = minus(value as Numeric, points[at]!.value as Numeric);
    if (call.name.startsWith('non_negative') && change < 0) return [];
    if (call.name.endsWith('difference')) return [{ time, value: change, row: undefined }];
    const unitNs = durationOf(call.args[1]) ?? (call.args[0]!.kind === 'call' ? window!.everyNs : 1_000_000_000n);
    const elapsedNs = (time - points[at]!.time) * (statement.order === 'DESC' ? -1n : 1n);
    return [{ time, value: Number(change) / (Number(elapsedNs) / Number(unitNs)), row: undefined }];
  });
}

function minus(left: Numeric, right: Numeric): Numeric {
  return typeof left === 'bigint' && typeof right === 'bigint' ? BigInt.asIntN(64, left - right) : Number(left) - Number(right);
}

/** Of the last points; NaN was in the running sum, and stays. */
function averageOf(points: readonly Entry[], count: number): number {
  return points.some(({ value }) => Number.isNaN(value)) ? NaN : Number(sumOf(points.slice(-count))) / count;
}

function sumOf(points: readonly Entry[]): Numeric {
  if (typeof points[0]?.value === 'bigint') return BigInt.asIntN(64, points.reduce((sum, { value }) => sum + (value as bigint), 0n));
  return points.reduce((sum, { value }) => sum + (value as number), 0);
}

function durationOf(argument: Expr | undefined): bigint | undefined {
  return argument?.kind === 'duration' ? argument.ns : undefined;
}

/**
 * The area below the line through all points: cut at the end of a window that has points; what is behind belongs to the next
 * that has some. Of several points at one time the first ends a piece and the last begins one.
 */
export function integral(call: Call, points: readonly Entry[], { window, bounds }: Question): Entry[] {
  const unitNs = durationOf(call.args[1]) ?? 1_000_000_000n;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const areas = new Map<bigint, number>();
  // As 1.x has it, an area of floats is dated with 0, one of integers with the lower bound.
  const wholeNs = typeof first.value === 'bigint' ? (bounds.minNs ?? 0n) : 0n;
  const begin = (time: bigint): bigint => (window === undefined ? wholeNs : startOf(time, window));
  areas.set(begin(first.time), 0);
  for (const [at, to] of points.entries()) {
    const from = points[at - 1];
    if (from === undefined || from.time === to.time) continue;
    const heightAt = (time: bigint): number => Number(from.value) + ((Number(to.value) - Number(from.value)) * Number(time - from.time)) / Number(to.time - from.time);
    const area = (start: bigint, end: bigint): number => ((heightAt(start) + heightAt(end)) / 2) * (Number(end - start) / Number(unitNs));
    const [own, next] = [begin(from.time), begin(to.time)];
    const cut = window === undefined || own === next ? to.time : own + window.everyNs;
    areas.set(own, (areas.get(own) ?? 0) + area(from.time, cut));
    areas.set(next, (areas.get(next) ?? 0) + area(cut, to.time));
  }
  if (last.time === begin(last.time)) areas.delete(last.time);
  return [...areas].map(([time, value]) => ({ time, value, row: undefined }));
}
