import type { FieldType, FieldValue } from '@varve/model';
import { exactNumber } from '../functions/vector.ts';

/**
 * A transformation of InfluxQL: it makes points of the points of one series, in the order of the answer. What it must
 * remember of them is its state, one per series of the answer.
 */
export interface TransformationDefinition {
  /** Types of the points that it takes; others it refuses with InfluxDB's text. */
  readonly argumentTypes: readonly FieldType[];
  /** What InfluxDB calls it in that text. */
  readonly title: string;
  /** By how many windows its input begins before what is asked of it. */
  readonly leadWindowCount: 0 | 1;
  /** So many windows before those asked for InfluxDB reads points of, whatever is nested. Absent: one. */
  readonly readWindowCount?: (args: readonly TransformArgument[]) => number;
  resultType(argumentType: FieldType): FieldType;
  /** Why these arguments are too much for a series that is bounded; absent: they never are. */
  readonly limitProblem?: (args: readonly TransformArgument[]) => string | undefined;
  create(options: TransformOptions): Transformation;
}

/** An argument behind the first: a duration in nanoseconds as bigint, a count, a text. */
export type TransformArgument = bigint | number | string;

export interface TransformOptions {
  /** Of the points that come. */
  readonly type: FieldType;
  readonly args: readonly TransformArgument[];
  /** Of GROUP BY time; undefined without. */
  readonly everyNs: bigint | undefined;
  readonly isDescending: boolean;
}

/** A point on its way: its time is that of `SplitTimes`. A float may be NaN. */
export interface TransformPoint {
  readonly ms: number;
  readonly subNs: number;
  readonly value: FieldValue;
}

export interface Transformation {
  /** Takes the next point of the series; what stands at its time in the answer, undefined where nothing does. */
  add(point: TransformPoint): FieldValue | undefined;
  /** Points that come only when the series is over, in order of time. A step is a pause in which others may work. Absent: none. */
  readonly finish?: () => Generator<undefined, readonly TransformPoint[]>;
}

/** Exact nanoseconds from one time to another, as a float64 has them. */
export function distanceNs(from: TransformPoint, to: TransformPoint): number {
  const ms = to.ms - from.ms;
  if (ms > -EXACT_MS && ms < EXACT_MS) return ms * NS_PER_MS + (to.subNs - from.subNs);
  return Number(distance(from, to));
}

/** Nanoseconds from one time to another in whole units, towards 0. */
export function wholeUnits(from: TransformPoint, to: TransformPoint, unitNs: bigint): number | bigint {
  const ns = distanceNs(from, to);
  const unit = Number(unitNs);
  if (Number.isSafeInteger(ns) && Number.isSafeInteger(unit)) return (ns - (ns % unit)) / unit + 0;
  return exactNumber(distance(from, to) / unitNs);
}

/** Whether two points have one time. */
export function areAtOneTime(left: TransformPoint, right: TransformPoint): boolean {
  return left.ms === right.ms && left.subNs === right.subNs;
}

/** Of the numbers that a transformation with numbers takes, as a float. */
export function floatOf({ value }: TransformPoint): number {
  return Number(value);
}

function distance(from: TransformPoint, to: TransformPoint): bigint {
  return BigInt(to.ms - from.ms) * BigInt(NS_PER_MS) + BigInt(to.subNs - from.subNs);
}

const NS_PER_MS = 1_000_000;
/** Below it the product is exact. */
const EXACT_MS = Number.MAX_SAFE_INTEGER / NS_PER_MS - 1;

/** The types of functions over numbers. */
export const NUMBERS: readonly FieldType[] = ['float', 'integer'];
