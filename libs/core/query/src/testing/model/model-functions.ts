import type { Call } from '../../influxql/ast.ts';
import type { ModelRow } from './model-data.ts';
import { compareValues, isNumber, type Value } from './model-value.ts';

/** A value that a function sees or makes; `row` is where it was found. */
export interface Entry {
  readonly time: bigint;
  readonly value: Value;
  readonly row: ModelRow | undefined;
}

/** Those that pick points, with the points' times and other fields. */
export const SELECTORS: ReadonlySet<string> = new Set(['first', 'last', 'min', 'max', 'percentile']);

/** Those with several rows per window, at the times of points. */
export const OWN_ROWS: ReadonlySet<string> = new Set(['top', 'bottom']);

/** What a function makes of the entries of one window, by its definition. They come by time, then by series key; of equal points a selector picks the first or the last one. */
export function reduce(call: Call, entries: readonly Entry[], picksLast: boolean): Entry[] {
  if (entries.length === 0) return [];
  const values = entries.map(({ value }) => value);
  switch (call.name) {
    case 'count':
      return whole(BigInt(values.length));
    case 'sum':
      return whole(sumOf(values));
    case 'mean':
      return whole(meanOf(values));
    case 'median':
      return whole(medianOf(values.map(Number).sort((left, right) => left - right)));
    case 'spread':
      return whole(spreadOf(values.toSorted(compareValues)));
    case 'stddev':
      return whole(deviationOf(values.map(Number)));
    case 'mode':
      return whole(modeOf(entries));
    case 'distinct':
      return distinctOf(picksLast ? entries.toReversed() : entries);
    case 'percentile':
      return percentileOf(entries, call);
    case 'top':
    case 'bottom':
      return extremesOf(entries, call);
    default:
      return [(picksLast ? entries.toReversed() : entries).reduce((best, entry) => (isBetter(call.name, entry, best) ? entry : best))];
  }
}

function whole(value: Value): Entry[] {
  return [{ time: 0n, value, row: undefined }];
}

function sumOf(values: readonly Value[]): bigint | number {
  if (typeof values[0] === 'bigint') return BigInt.asIntN(64, values.reduce((sum: bigint, value) => sum + (value as bigint), 0n));
  return values.reduce((sum: number, value) => sum + (value as number), 0);
}

/** Of integers the floats nearest to them are added, exactly. */
function meanOf(values: readonly Value[]): number {
  const sum = typeof values[0] === 'bigint' ? values.reduce((total: bigint, value) => total + BigInt(Number(value)), 0n) : sumOf(values);
  return Number(sum) / values.length;
}

function medianOf(sorted: readonly number[]): number {
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function spreadOf(sorted: readonly Value[]): bigint | number {
  const [least, greatest] = [sorted[0]!, sorted.at(-1)!];
  return typeof least === 'bigint' ? BigInt.asIntN(64, (greatest as bigint) - least) : (greatest as number) - (least as number);
}

/** Of one value NaN, which is shown as null. */
function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** The most frequent value; of several the one that came first, or the least where each came once; true rather than false. */
function modeOf(entries: readonly Entry[]): Value {
  const counts = new Map<Value, number>();
  for (const { value } of entries) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const modes = distinctOf(entries.filter(({ value }) => counts.get(value) === most)).map(({ value }) => value);
  if (modes.includes(true)) return true;
  return most === 1 ? modes.sort(compareValues)[0]! : modes[0]!;
}

/** Each value once, by the time at which it came first. */
function distinctOf(entries: readonly Entry[]): Entry[] {
  const first = new Map<Value, Entry>();
  for (const entry of entries) if (!first.has(entry.value)) first.set(entry.value, entry);
  return [...first.values()].sort((left, right) => byTime(left, right) || compareValues(left.value, right.value));
}

function percentileOf(entries: readonly Entry[], call: Call): Entry[] {
  const percent = call.args[1];
  const rank = percent?.kind === 'number' || percent?.kind === 'integer' ? Number(percent.value) : NaN;
  const index = Math.floor((entries.length * rank) / 100 + 0.5) - 1;
  const entry = entries.toSorted((left, right) => compareValues(left.value, right.value))[index];
  return index < 0 || entry === undefined ? [] : [entry];
}

/** The best n points, one for each value of the tags that stand between field and n; by time, of one time the better first. */
function extremesOf(entries: readonly Entry[], { name, args }: Call): Entry[] {
  const sign = name === 'top' ? -1 : 1;
  const ranked = entries.toSorted((left, right) => sign * compareValues(left.value, right.value) || byTime(left, right));
  const tags = args.slice(1, -1).map((each) => (each as { readonly name: string }).name);
  const seen = new Set<string>();
  const best = ranked.filter(({ row }) => {
    const id = tags.map((tag) => row!.tags.get(tag) ?? '').join('\0');
    if (tags.length === 0 || !seen.has(id)) return seen.add(id);
    return false;
  });
  return best.slice(0, Number((args.at(-1) as { readonly value: bigint }).value)).sort(byTime);
}

/** Of equal times the greater value is first and last, but false rather than true first; of equal values the earlier is least and greatest. */
function isBetter(name: string, entry: Entry, best: Entry): boolean {
  const [time, value] = [byTime(entry, best), compareValues(entry.value, best.value)];
  switch (name) {
    case 'first':
      return time < 0 || (time === 0 && (typeof entry.value === 'boolean' ? value < 0 : value > 0));
    case 'last':
      return time > 0 || (time === 0 && value > 0);
    case 'min':
      return value < 0 || (value === 0 && time < 0);
    case 'max':
      return value > 0 || (value === 0 && time < 0);
    default:
      throw new Error(`the model does not know ${name}()`);
  }
}

function byTime(left: Entry, right: Entry): number {
  return left.time < right.time ? -1 : left.time > right.time ? 1 : 0;
}

/** Whether a function takes values of this kind at all. */
export function accepts(name: string, value: Value): boolean {
  if (isNumber(value)) return true;
  return ['count', 'distinct', 'mode', 'first', 'last', 'elapsed'].includes(name) || (typeof value === 'boolean' && (name === 'min' || name === 'max'));
}
