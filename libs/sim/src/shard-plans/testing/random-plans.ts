import type { Prng } from '@varve/base';
import type { FieldValue, Tombstone } from '@varve/model';
import { FIELDS, type PlanRow } from './cell-map.ts';
import { START_NS } from './plan-shard.ts';
import type { CallName, PlanQuestion } from './naive-answer.ts';

export const HOUR_NS = 3_600e9;
/** Of the shard's time, the hours that these tests use. */
export const HOUR_COUNT = 4;

const MINUTE_NS = 60e9;
/** Some of the windows lie on the hours at which pages are cut, others across them. */
const WINDOWS_NS = [HOUR_NS, 2 * HOUR_NS, 30 * MINUTE_NS, 90 * MINUTE_NS, 7 * MINUTE_NS, 24 * HOUR_NS];
const REGIONS = ['east', 'west'];
const LONG_KEYS = ['cpu,host=long0,region=east', 'cpu,host=long1,region=west', 'cpu,host=long2,region=east'];
const SHORT_KEYS = Array.from({ length: 16 }, (_, index) => `cpu,host=s${index},region=${REGIONS[index % 2]}`);
const CALL_NAMES: readonly CallName[] = ['count', 'sum', 'sum', 'mean', 'mean', 'min', 'max', 'max', 'first', 'first', 'last', 'last', 'spread'];
/** What has no summary, or looks at more than values: answered from rows, also where other calls are not. */
const OTHER_COLUMNS = [
  ...['max(f), s', 'last(i), g', 'stddev(f)', 'median(i)', 'percentile(f, 90), count(f)', 'mode(g)', 'count(distinct(n))', 'max(f), s', 'last(*)', 'f, s', 'min(b)'],
  ...['f', 'g, i', 'f, n', 'o, host', 'i, s, b', '*'],
  ...['stddev(n), sum(f)', 'top(f, 3), s', 'bottom(i, region, 2)', 'sample(f, 4), count(s)', 'integral(f), max(i)', 'integral(i, 1m)', 'sum_hll(s)'],
];

/** Enough rows of an hour of a long series for a page of their own; most have most fields. */
export function hourOfRows(prng: Prng, hour: number): PlanRow[] {
  const key = prng.pick(LONG_KEYS);
  const stepNs = prng.pick([30e9, 40e9, 50e9]);
  const shiftNs = prng.between(0, 3) * 1e9;
  return Array.from({ length: Math.floor(HOUR_NS / stepNs) }, (_, index) => ({ key, offsetNs: hour * HOUR_NS + shiftNs + index * stepNs, cells: cellsOf(prng, 0.7) }));
}

/** A row or a few of many series, close together, so that a page of theirs lies in one window. */
export function shortRows(prng: Prng): PlanRow[] {
  const startNs = prng.between(0, HOUR_COUNT * 6 - 1) * 10 * MINUTE_NS;
  const keys = SHORT_KEYS.filter(() => prng.chance(0.6));
  return keys.flatMap((key) => Array.from({ length: prng.between(1, 4) }, () => ({ key, offsetNs: startNs + prng.between(0, 500) * 1e9, cells: cellsOf(prng, 0.5) })));
}

/** A few cells, of rows that are there and of others. */
export function fewRows(prng: Prng, present: readonly { readonly key: string; readonly offsetNs: number }[]): PlanRow[] {
  return Array.from({ length: prng.between(1, 5) }, () => {
    const isNew = present.length === 0 || prng.chance(0.3);
    const place = isNew ? { key: prng.pick([...LONG_KEYS, ...SHORT_KEYS]), offsetNs: prng.between(0, HOUR_COUNT * 3_600) * 1e9 } : prng.pick(present);
    return { ...place, cells: cellsOf(prng, 0.4) };
  });
}

export function anyTombstone(prng: Prng): Tombstone {
  const startOffsetNs = prng.between(0, HOUR_COUNT * 60 - 1) * MINUTE_NS + prng.between(0, 1);
  const host = prng.pick([...LONG_KEYS, ...SHORT_KEYS]).split(/[=,]/)[2]!;
  const series = prng.pick([{ kind: 'all' }, { kind: 'match', key: 'host', operator: '=', value: host }, { kind: 'match', key: 'region', operator: '=', value: 'east' }] as const);
  return { measurement: prng.pick([undefined, 'cpu']), series, startOffsetNs, endOffsetNs: startOffsetNs + prng.between(1, 30) * MINUTE_NS };
}

function cellsOf(prng: Prng, share: number): Record<string, FieldValue> {
  const names = Object.keys(FIELDS).filter(() => prng.chance(share));
  if (names.length === 0) names.push(prng.pick(Object.keys(FIELDS)));
  return Object.fromEntries(names.map((name) => [name, VALUES[name]!(prng)]));
}

/** By field. */
const VALUES: Readonly<Record<string, (prng: Prng) => FieldValue>> = {
  /** Floats whose sum is wrong when it is rounded more than once. */
  f: (prng) => prng.pick([prng.between(-9_999, 9_999) / 100, (prng.fraction() - 0.5) * 2e9, 1e9 / 3, prng.fraction() / 1_000]),
  /** Few values, so that they are equal often; 0 and −0 are. */
  g: (prng) => prng.pick([0, -0, 0.25, -0.25, 7]),
  /** Beyond what float64 can add up. */
  h: (prng) => prng.pick([1.7e308, -1.7e308, 5e-324, prng.fraction()]),
  i: (prng) => prng.between(-50, 50),
  n: (prng) => prng.pick<FieldValue>([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, prng.between(-9, 9), prng.between(-9, 9), prng.between(-9, 9)]),
  /** Each is exact in float64, and their sum is not. */
  o: (prng) => prng.pick([Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 52 + 1, prng.between(-9, 9)]),
  b: (prng) => prng.chance(0.5),
  s: (prng) => prng.pick(['', 'on', 'off "x"', 'Ä']),
};

/** One that {@link naiveAnswer} can answer. */
export function anyQuestion(prng: Prng): PlanQuestion {
  const [startOffsetNs, endOffsetNs] = anyRange(prng);
  return {
    calls: distinct(Array.from({ length: prng.pick([1, 1, 1, 2, 3]) }, () => anyCall(prng))),
    ...{ startOffsetNs, endOffsetNs },
    window: prng.chance(0.5) ? { everyNs: prng.pick(WINDOWS_NS), offsetNs: prng.pick([0, 0, 13 * MINUTE_NS]) } : undefined,
    filter: prng.chance(0.2) ? { field: prng.pick(['f', 'g']), operator: prng.pick(['>', '<=']), value: prng.pick([0, 0.25, -1]) } : undefined,
    region: prng.chance(0.2) ? prng.pick(REGIONS) : undefined,
    dimensions: prng.pick([[], ['host'], ['region'], ['host', 'region']]),
  };
}

function anyCall(prng: Prng): PlanQuestion['calls'][number] {
  const name = prng.pick(CALL_NAMES);
  const fields = { numbers: ['f', 'g', 'h', 'i', 'n', 'o'], summable: ['f', 'f', 'f', 'g', 'i', 'n', 'o'], any: Object.keys(FIELDS) };
  const takes = ({ count: 'any', first: 'any', last: 'any', sum: 'summable', mean: 'summable', min: 'numbers', max: 'numbers', spread: 'numbers' } as const)[name];
  return { name, field: prng.pick(fields[takes]) };
}

function distinct(calls: PlanQuestion['calls']): PlanQuestion['calls'] {
  return [...new Map(calls.map((call) => [`${call.name} ${call.field}`, call])).values()];
}

/** Bounds lie on hours, on minutes, or anywhere. */
function anyRange(prng: Prng): [startOffsetNs: number, endOffsetNs: number] {
  const any = (): number => prng.pick([prng.between(0, HOUR_COUNT) * HOUR_NS, prng.between(0, HOUR_COUNT * 60) * MINUTE_NS, prng.between(0, HOUR_COUNT * 3_600) * 1e9 + prng.between(0, 1)]);
  const bounds = prng.chance(0.3) ? [0, HOUR_COUNT * HOUR_NS] : [any(), any()].sort((left, right) => left - right);
  return [bounds[0]!, Math.max(bounds[1]!, bounds[0]! + 1)];
}

/** Its text. */
export function questionText({ calls, ...rest }: PlanQuestion): string {
  const columns = calls.map(({ name, field }, index) => `${name}(${field}) AS c${index}`);
  return selectText(columns.join(', '), rest);
}

/** One that only the engine itself can answer. */
export function anyOtherText(prng: Prng): string {
  const columns = prng.pick(OTHER_COLUMNS);
  const question = anyQuestion(prng);
  return columns.includes('(') ? selectText(columns, question) : `${selectText(columns, { ...question, window: undefined })}${anyEnd(prng)}`;
}

/** Windows in an order, without LIMIT: of several calls that are not filled LIMIT counts the rows of each. */
export function anyWindowsText(prng: Prng): string {
  const question = { ...anyQuestion(prng), window: { everyNs: prng.pick([...WINDOWS_NS, MINUTE_NS, MINUTE_NS]), offsetNs: prng.pick([0, 13 * MINUTE_NS]) } };
  const fill = prng.pick([...(question.calls.length === 1 ? ['none'] : []), 'null', 'previous', '3', 'linear']);
  return `${questionText(question).replace('fill(none)', `fill(${fill})`)}${prng.pick(['', ' ORDER BY time DESC'])}`;
}

/** Which of the rows, in which order; of one row of each group most often. */
function anyEnd(prng: Prng): string {
  const order = prng.pick(['', ' ORDER BY time', ' ORDER BY time DESC']);
  return order + prng.pick(['', ' LIMIT 1', ' LIMIT 1', ' LIMIT 3', ' LIMIT 1 OFFSET 1', ' LIMIT 70 OFFSET 2']);
}

function selectText(columns: string, { startOffsetNs, endOffsetNs, window, filter, region, dimensions }: Omit<PlanQuestion, 'calls'>): string {
  const conditions = [`time >= ${START_NS + BigInt(startOffsetNs)}`, `time < ${START_NS + BigInt(endOffsetNs)}`];
  if (filter !== undefined) conditions.push(`${filter.field} ${filter.operator} ${filter.value}`);
  if (region !== undefined) conditions.push(`region = '${region}'`);
  const groups = [...(window === undefined ? [] : [`time(${window.everyNs}ns, ${window.offsetNs}ns)`]), ...dimensions];
  const groupText = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}${window === undefined ? '' : ' fill(none)'}`;
  return `SELECT ${columns} FROM cpu WHERE ${conditions.join(' AND ')}${groupText}`;
}
