import type { Prng } from '@varve/base';
import { ORIGIN_NS, UNIT_COUNT, UNIT_NS } from './random-data.ts';

/** Kinds of statements that are tested apart from each other. */
export const STATEMENT_FAMILIES = ['rows', 'totals', 'windows', 'transformations', 'subqueries'] as const;
/** What a statement is about. */
export type StatementFamily = (typeof STATEMENT_FAMILIES)[number];

/** A SELECT over random data. */
export function randomStatement(prng: Prng, family: StatementFamily, unitNs = UNIT_NS): string {
  if (family === 'subqueries') return nestedStatement(prng, unitNs);
  const hasWindow = family === 'windows' || (family === 'transformations' && prng.chance(0.6));
  const window = hasWindow ? windowText(prng, unitNs) : undefined;
  const tags = prng.pick(['', '', 'host', 'rack', 'host, rack', '*', 'nope, host', '/h|k/', 'host, /ra/']);
  const dimensions = [tags, window].filter((each) => each !== '' && each !== undefined).join(', ');
  const parts = [
    `SELECT ${selectText(prng, family, hasWindow)}`,
    `FROM ${prng.pick(['m', 'm', 'm', 'm', 'm, k', '/./', 'k, m', 'k', 'nothing, m', 'm, m', 'k, m, k'])}`,
    whereText(prng, unitNs, window !== undefined),
    dimensions === '' ? '' : `GROUP BY ${dimensions}`,
    window === undefined ? '' : prng.pick(['', '', 'fill(null)', 'fill(none)', 'fill(previous)', 'fill(linear)', 'fill(3)', 'fill(-1.5)', family === 'windows' ? 'fill(9007199254740993)' : 'fill(2)']),
    prng.chance(0.25) ? 'ORDER BY time DESC' : '',
    limitText(prng),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** A statement about the rows of another one, whose columns are `x` and `y`. */
function nestedStatement(prng: Prng, unitNs: bigint): string {
  const inner = innerStatement(prng, unitNs);
  const hasHost = /GROUP BY (host|\*)/.test(inner);
  const window = prng.chance(0.4) ? windowText(prng, unitNs) : undefined;
  const select = window === undefined && prng.chance(0.4) ? prng.pick(['x', 'x, y', '*', 'x + y', 'x * 2 AS z', hasHost ? 'y, host' : 'y']) : prng.pick(['mean(x)', 'max(y)', 'count(x), sum(y)', 'sum(x)', 'min(x), max(y)', 'spread(y)', 'count(y)', 'median(x)', 'last(y)', 'first(x)', 'sum(x) / count(y)']);
  const fill = window === undefined ? '' : prng.pick(['', 'fill(none)', 'fill(previous)', 'fill(2)']);
  const conditions = [prng.pick(['', '', 'x > 0', 'y >= 1', ...(hasHost ? ["host = 'a'", "host != 'b'"] : []), 'x < y'])].filter((each) => each !== '');
  if (window !== undefined || prng.chance(0.4)) conditions.push(...rangeText(prng, unitNs));
  const dimensions = [prng.pick(['', '', 'host', '*']), window].filter((each) => each !== undefined && each !== '').join(', ');
  const parts = [
    ...[`SELECT ${select} FROM (${inner})`, conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, dimensions === '' ? '' : `GROUP BY ${dimensions}`],
    ...[fill, prng.chance(0.2) ? 'ORDER BY time DESC' : '', fill !== 'fill(none)' && prng.chance(0.3) ? prng.pick(['LIMIT 2', 'LIMIT 3 OFFSET 1']) : ''],
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function innerStatement(prng: Prng, unitNs: bigint): string {
  const window = prng.chance(0.5) ? windowText(prng, unitNs) : undefined;
  const isOfRows = window === undefined && prng.chance(0.5);
  const select = isOfRows ? prng.pick(['f AS x, i AS y', 'f * 2 AS x, i + 1 AS y', 'i AS x, f AS y']) : prng.pick(['mean(f) AS x, max(i) AS y', 'sum(i) AS x, count(f) AS y', 'first(f) AS x, last(f) AS y', 'max(i) AS x, min(i) AS y', 'spread(f) AS x, median(i) AS y']);
  const conditions = [prng.pick(['', '', 'f > 0', "host != 'c'"]), ...(window !== undefined || prng.chance(0.3) ? rangeText(prng, unitNs) : [])].filter((each) => each !== '');
  const dimensions = [prng.pick(['', 'host', 'host', 'host, rack', '*']), window].filter((each) => each !== undefined && each !== '').join(', ');
  const parts = [
    ...[`SELECT ${select} FROM ${prng.pick(['m', 'm', 'k', 'm, k'])}`, conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, dimensions === '' ? '' : `GROUP BY ${dimensions}`],
    ...[window === undefined ? '' : prng.pick(['', '', 'fill(none)', 'fill(1)', 'fill(previous)'])],
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function rangeText(prng: Prng, unitNs: bigint): string[] {
  return [`time >= ${timeText(prng, BigInt(prng.between(-3, 5)) * unitNs)}`, `time < ${timeText(prng, BigInt(prng.between(7, UNIT_COUNT + 3)) * unitNs)}`];
}

function selectText(prng: Prng, family: StatementFamily, hasWindow: boolean): string {
  if (family === 'rows') return prng.pick(RAW);
  return family === 'transformations' ? transformations(prng, hasWindow) : aggregates(prng);
}

const RAW = [
  ...['*', 'f', 'i', 's', 'b', 'v', 'f, s', 'f, i, host', 'host, b', 'f + i', 'f * 2, i', 'i / 2', 'i % 3, f % 2', 'f / i', '-f, i - 1', 'abs(f), floor(f)', 'abs(i), round(f)'],
  ...['f AS x, i AS x', 'f, f', '/f|s/', '*::field', '*::tag, f', 'i & 3, i | 4, i ^ i', 'b & true, b', 'v, host', 'time, f', 'nope, f', 'f + nope', '(f + i) * (f - 2)', 'pow(i, 2)', 'sqrt(abs(f))', 'ceil(f / 2)'],
];

const NUMERIC = ['f', 'i', 'f', 'i', 'v'];
const ANY = ['f', 'i', 's', 'b', 'v'];

function aggregates(prng: Prng): string {
  if (prng.chance(0.15)) return prng.pick(['count(*)', 'first(*)', 'max(*)', 'sum(*)', 'mean(/f|i/)', 'last(*), count(f)', 'min(/b|i/)', 'spread(*)', 'distinct(f)', 'distinct s', 'distinct(i)', 'distinct(b)', 'count(distinct(s))', 'count(distinct(f)), sum(i)']);
  if (prng.chance(0.2)) return `${selector(prng)}, ${prng.pick(['host', 'f', 'i, rack', 's', '*', 'b, host', 'f * 2'])}`;
  if (prng.chance(0.2)) return prng.pick(['max(f) - min(f)', 'sum(f) / count(i)', 'mean(i) * 2', 'abs(sum(i))', 'round(mean(f)), max(i)', 'sum(i) + sum(f)', 'last(f) - first(f)', '(max(i) + 1) % 3', 'count(f) + count(i)', 'pow(max(i), 2)']);
  return Array.from({ length: prng.pick([1, 1, 1, 2, 3]) }, () => oneCall(prng)).join(', ');
}

function oneCall(prng: Prng, fields = ANY): string {
  if (prng.chance(0.5)) return fields === ANY ? selector(prng) : `${prng.pick(['first', 'last', 'min', 'max'])}(${prng.pick(fields)})`;
  const name = prng.pick(['count', 'sum', 'mean', 'median', 'mode', 'spread', 'stddev']);
  // Floats as great as great integers leave noise where they cancel each other out.
  if (fields !== ANY && ['stddev', 'mean', 'median'].includes(name)) return `${name}(f)`;
  return `${name}(${prng.pick(name === 'count' || name === 'mode' ? fields : NUMERIC)})`;
}

function selector(prng: Prng): string {
  const name = prng.pick(['first', 'last', 'min', 'max', 'percentile']);
  if (name === 'percentile') return `percentile(${prng.pick(NUMERIC)}, ${prng.pick(['50', '90', '1', '100', '33.3', '99.9'])})`;
  return `${name}(${prng.pick(name === 'first' || name === 'last' ? ANY : [...NUMERIC, 'b'])})`;
}

function transformations(prng: Prng, hasWindow: boolean): string {
  if (prng.chance(0.25)) return severalRows(prng);
  const chain = (): string => transformation(prng, hasWindow ? oneCall(prng, NUMERIC) : prng.pick(NUMERIC));
  if (prng.chance(0.15)) return `${chain()}, ${chain()}`;
  if (hasWindow && prng.chance(0.2)) return `${chain()}, ${oneCall(prng, NUMERIC)}`;
  if (prng.chance(0.15)) return transformation(prng, chain());
  return prng.chance(0.2) ? `${chain()} * 2` : chain();
}

function transformation(prng: Prng, input: string): string {
  const name = prng.pick(['derivative', 'non_negative_derivative', 'difference', 'non_negative_difference', 'moving_average', 'cumulative_sum', 'elapsed']);
  if (name === 'moving_average') return `${name}(${input}, ${prng.between(2, 4)})`;
  const unit = name.endsWith('derivative') || name === 'elapsed' ? prng.pick(['', ', 1s', ', 20s', ', 7s']) : '';
  return `${name}(${input}${unit})`;
}

function severalRows(prng: Prng): string {
  if (prng.chance(0.3)) return `integral(f${prng.pick(['', ', 10s', ', 1m'])})`;
  const call = `${prng.pick(['top', 'bottom'])}(${prng.pick(NUMERIC)}${prng.pick(['', '', ', host', ', rack', ', host, rack'])}, ${prng.between(1, 4)})`;
  return prng.chance(0.3) ? `${call}, ${prng.pick(['f', 's', 'i, rack', 'b'])}` : call;
}

/** Windows of two units and more, some of them moved by a part of one. */
function windowText(prng: Prng, unitNs: bigint): string {
  const tenths = (count: number): string => `${(BigInt(count) * unitNs) / 10_000_000_000n}s`;
  const every = tenths(prng.pick([20, 30, 50, 70, 1000]));
  return prng.pick([`time(${every})`, `time(${every}, ${tenths(prng.between(-25, 25))})`]);
}

function whereText(prng: Prng, unitNs: bigint, needsRange: boolean): string {
  const conditions = Array.from({ length: prng.pick([0, 0, 0, 1, 1, 2]) }, () => condition(prng));
  const hasLower = prng.chance(needsRange ? 0.8 : 0.3);
  const hasUpper = needsRange || prng.chance(0.3);
  if (hasLower) conditions.push(`time ${prng.pick(['>=', '>'])} ${timeText(prng, BigInt(prng.between(-3, 5)) * unitNs)}`);
  if (hasUpper) conditions.push(`time ${prng.pick(['<=', '<'])} ${timeText(prng, BigInt(prng.between(7, UNIT_COUNT + 3)) * unitNs)}`);
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

function condition(prng: Prng): string {
  return prng.chance(0.3) ? `(${comparison(prng)} ${prng.pick(['OR', 'OR', 'AND'])} ${comparison(prng)})` : comparison(prng);
}

function comparison(prng: Prng): string {
  return prng.pick([
    ...["host = 'a'", "host != 'a'", "host =~ /a|b/", 'host !~ /b/', "rack = ''", "rack != ''", "nope = ''", "nope != 'x'"],
    ...['f > 0', 'f <= 0.5', 'f = 1', 'f != 1', 'i >= 2', 'i < 9007199254740993', 'i != 0', "s = 'x'", "s != 'x'", 's =~ /x/', 's !~ /y/', 'b = true', 'b != true'],
    ...['host = rack', 'host != rack', 'host = s', 'host != s', '(host != rack) = true', "(host != 'a') = b", '(rack = nope) = false', "(host != 'b') = true"],
    ...['f + i > 0', 'f > i', 'v > 0', "v = 'x'", 'abs(f) > 1', 'f * 2 >= i - 1', "s = ''", 'i % 2 = 0'],
  ]);
}

function timeText(prng: Prng, laterNs: bigint): string {
  const ns = ORIGIN_NS + laterNs;
  return prng.pick([`${ns}`, `'${new Date(Number(ns / 1_000_000n)).toISOString()}'`, `${ns + BigInt(prng.between(-1, 1))}`, `${ns / 1_000_000_000n}s`]);
}

function limitText(prng: Prng): string {
  if (prng.chance(0.6)) return '';
  return prng.pick(['LIMIT 1', 'LIMIT 3', 'LIMIT 2 OFFSET 1', 'OFFSET 2', 'LIMIT 4 OFFSET 3', 'SLIMIT 1', 'SLIMIT 2', 'SLIMIT 1 SOFFSET 1', 'LIMIT 2 SLIMIT 1', 'LIMIT 1 SLIMIT 2 SOFFSET 1']);
}
