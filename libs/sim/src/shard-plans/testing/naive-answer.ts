import { parseSeriesKey, type Cell, type FieldValue } from '@varve/model';
import { FIELDS, type ShownRows } from './cell-map.ts';

/** A SELECT of aggregates as plain data. */
export interface PlanQuestion {
  readonly calls: readonly { readonly name: CallName; readonly field: string }[];
  readonly startOffsetNs: number;
  readonly endOffsetNs: number;
  readonly window: { readonly everyNs: number; readonly offsetNs: number } | undefined;
  /** On a field that is a float. */
  readonly filter: { readonly field: string; readonly operator: '>' | '<='; readonly value: number } | undefined;
  readonly region: string | undefined;
  readonly dimensions: readonly string[];
}

export type CallName = keyof typeof CALLS;

/** Of an answer: the group's tags, then its rows; a row is a time and cells. */
export type AnswerRows = ReadonlyMap<string, readonly (readonly [timeNs: bigint, ...cells: Cell[]])[]>;

interface Point {
  readonly key: string;
  readonly offsetNs: number;
  readonly value: FieldValue;
}

/** What is asked, found out by looking at every row, with exact arithmetic that is rounded once. */
export function naiveAnswer(question: PlanQuestion, startNs: bigint, shown: ShownRows): AnswerRows {
  const groups = new Map<string, Map<bigint, Point[][]>>();
  for (const [key, rows] of shown) {
    const tags = new Map(parseSeriesKey(key).tags);
    if (question.region !== undefined && tags.get('region') !== question.region) continue;
    const name = tagsText(question.dimensions.map((dimension) => [dimension, tags.get(dimension) ?? '']));
    for (const { offsetNs, cells } of rows) {
      if (offsetNs < question.startOffsetNs || offsetNs >= question.endOffsetNs || !passes(question, cells)) continue;
      const windowNs = windowOf(question, startNs, offsetNs);
      for (const [call, { field }] of question.calls.entries()) {
        const value = cells.get(field);
        if (value === undefined) continue;
        const windows = getOrAdd(groups, name, () => new Map<bigint, Point[][]>());
        getOrAdd(windows, windowNs, () => question.calls.map((): Point[] => []))[call]!.push({ key, offsetNs, value });
      }
    }
  }
  return new Map(Array.from(groups, ([name, windows]) => [name, [...windows].sort(([left], [right]) => (left < right ? -1 : 1)).map((window) => rowOf(question, startNs, window))]));
}

/** As both sides of a comparison name a group. */
export function tagsText(tags: readonly (readonly [string, string])[]): string {
  return tags.map(([name, value]) => `${name}=${value}`).sort().join(',');
}

function passes({ filter }: PlanQuestion, cells: ReadonlyMap<string, FieldValue>): boolean {
  if (filter === undefined) return true;
  const value = cells.get(filter.field);
  return typeof value === 'number' && (filter.operator === '>' ? value > filter.value : value <= filter.value);
}

function windowOf({ window, startOffsetNs }: PlanQuestion, startNs: bigint, offsetNs: number): bigint {
  if (window === undefined) return startNs + BigInt(startOffsetNs);
  const [everyNs, shiftNs] = [BigInt(window.everyNs), BigInt(window.offsetNs)];
  const timeNs = startNs + BigInt(offsetNs) - shiftNs;
  return timeNs - (((timeNs % everyNs) + everyNs) % everyNs) + shiftNs;
}

/** A selector that is asked for alone, without windows, answers with the time of its point. */
function rowOf({ calls, window }: PlanQuestion, startNs: bigint, [windowNs, points]: readonly [bigint, readonly (readonly Point[])[]]): readonly [bigint, ...Cell[]] {
  const picked = points.map((ofCall, call) => (ofCall.length === 0 ? undefined : CALLS[calls[call]!.name](ofCall, FIELDS[calls[call]!.field] === 'integer')));
  const [only] = picked;
  const isPointTime = window === undefined && calls.length === 1 && only?.offsetNs !== undefined;
  return [isPointTime ? startNs + BigInt(only.offsetNs!) : windowNs, ...picked.map((each) => each?.value ?? null)];
}

interface Picked {
  readonly value: FieldValue;
  readonly offsetNs?: number;
}

const CALLS = {
  count: (points: readonly Point[]): Picked => ({ value: points.length }),
  sum: (points: readonly Point[], isInteger: boolean): Picked => ({ value: isInteger ? wrapped(points.reduce((sum, { value }) => sum + BigInt(value as number), 0n)) : exactSum(points) }),
  mean: (points: readonly Point[]): Picked => ({ value: exactSum(points) / points.length }),
  min: (points: readonly Point[]): Picked => best(points, (left, right) => left.value < right.value || (left.value === right.value && left.offsetNs < right.offsetNs)),
  max: (points: readonly Point[]): Picked => best(points, (left, right) => left.value > right.value || (left.value === right.value && left.offsetNs < right.offsetNs)),
  first: (points: readonly Point[]): Picked => best(points, (left, right) => left.offsetNs < right.offsetNs || (left.offsetNs === right.offsetNs && left.value > right.value)),
  last: (points: readonly Point[]): Picked => best(points, (left, right) => left.offsetNs > right.offsetNs || (left.offsetNs === right.offsetNs && left.value > right.value)),
  spread: (points: readonly Point[], isInteger: boolean): Picked => {
    const [least, greatest] = [CALLS.min(points).value as number, CALLS.max(points).value as number];
    return { value: isInteger ? wrapped(BigInt(greatest) - BigInt(least)) : greatest - least };
  },
} as const;

/** Of points that are equally good, that of the lesser key. */
function best(points: readonly Point[], isBetter: (left: Point, right: Point) => boolean): Point {
  return points.reduce((held, point) => (isBetter(point, held) || (!isBetter(held, point) && point.key < held.key) ? point : held));
}

function wrapped(integer: bigint): FieldValue {
  const value = BigInt.asIntN(64, integer);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Values of these tests are multiples of this one, so that their sum is a whole number of it. */
const UNIT = 2 ** -120;

function exactSum(points: readonly Point[]): number {
  return Number(points.reduce((sum, { value }) => sum + BigInt(Number(value) / UNIT), 0n)) * UNIT;
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
