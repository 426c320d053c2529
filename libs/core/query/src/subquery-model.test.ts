import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seriesKey, type Cell, type FieldType, type FieldValue } from '@varve/model';
import { answerOf, type Answer } from './testing/memory-engine.ts';
import { comparable } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';
import type { TestPoint } from './testing/memory-source.ts';

// Methodology (SQ4): random points and two random SELECTs, one inside of the other. The dumb way asks the inner one, with what the outer one
// asks of it written out (dimensions, range, windows), writes its rows as points and asks the outer one about these. The clever way is
// the nested statement over many shards. Every point has all fields and tags, so that no row is empty; raw rows are grouped by all tags,
// so that no two of them are one point; ranges begin where windows do, so that no row is dated before them.
const line = fc
  .record({
    measurement: fc.constantFrom('m', 'k'),
    host: fc.constantFrom('a', 'b', 'c'),
    rack: fc.constantFrom('1', '2'),
    float: fc.integer({ min: -8, max: 8 }),
    integer: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant('9007199254740993')),
    text: fc.constantFrom('x', 'y', 'z'),
    time: fc.integer({ min: -12, max: 23 }),
  })
  .map(({ measurement, host, rack, float, integer, text, time }) => `${measurement},host=${host},rack=${rack} f=${float / 4},i=${integer}i,s="${text}" ${time}`);

interface Columns {
  readonly text: string;
  readonly types: Readonly<Record<string, FieldType>>;
}

const RAW: readonly Columns[] = [
  { text: 'f, i', types: { f: 'float', i: 'integer' } },
  { text: 'f * 2 AS x, s', types: { x: 'float', s: 'string' } },
  { text: 'i - 1 AS i, abs(f) AS y', types: { i: 'integer', y: 'float' } },
];
const CALLS: readonly Columns[] = [
  { text: 'count(f), mean(f)', types: { count: 'integer', mean: 'float' } },
  { text: 'max(f), s, i', types: { max: 'float', s: 'string', i: 'integer' } },
  { text: 'first(i) AS i', types: { i: 'integer' } },
  { text: 'sum(i), min(f) AS f', types: { sum: 'integer', f: 'float' } },
  { text: 'max(f) - min(f) AS x, last(s)', types: { x: 'float', last: 'string' } },
  { text: 'percentile(f, 50), i', types: { percentile: 'float', i: 'integer' } },
];

const statement = fc
  .record({
    isRaw: fc.boolean(),
    columns: fc.nat(100),
    innerDimensions: fc.constantFrom([], ['host'], ['rack'], ['host', 'rack']),
    innerWhere: fc.constantFrom('', "host != 'c'", 'f > -1', 'time >= 0', "time < 12 AND (rack = '1' OR i > 0)"),
    innerWindow: fc.constantFrom('', 'time(2ns)', 'time(3ns)'),
    innerFill: fc.constantFrom('', 'fill(7)'),
    innerLimit: fc.constantFrom('', '', 'LIMIT 2', 'LIMIT 1 OFFSET 1'),
    from: fc.constantFrom('m', 'm, k', '/./'),
    outerColumns: fc.constantFrom('#', '#, @', '*', '# * 2', 'max(#)', 'count(#), sum(@)', 'min(#), host', 'first(@), rack', 'mean(@)', 'percentile(#, 90)', 'count(*)', 'last(#), *', 'sum(#) + count(@)', 'spread(@)', 'distinct(#)', 'host, @', 'mode(@)', 'top(#, 2)', 'bottom(@, 2), host', 'integral(#)', 'sample(@, 2)', 'top(#, rack, 2)'),
    outerDimensions: fc.constantFrom([], ['host'], ['rack'], ['rack', 'host']),
    outerWhere: fc.constantFrom('', '# > 0', "host = 'a'", "host != 'b' OR @ < 1", 'rack =~ /1/ AND # <= 2', 'abs(@) > 1'),
    range: fc.constantFrom('', 'time >= -12 AND time < 24', 'time >= 0 AND time < 12', 'time < 12'),
    outerWindow: fc.constantFrom('', 'time(6ns)', 'time(12ns)'),
    outerFill: fc.constantFrom('', 'fill(none)', 'fill(previous)', 'fill(-1)'),
    limits: fc.constantFrom('', 'LIMIT 2', 'LIMIT 2 OFFSET 1', 'SLIMIT 1'),
    isDescending: fc.boolean(),
  })
  .map((parts) => {
    const choices = parts.isRaw ? RAW : CALLS;
    const columns = choices[parts.columns % choices.length]!;
    const numeric = Object.entries(columns.types).filter(([, type]) => type === 'float' || type === 'integer');
    const [first, second] = [numeric[0]![0], numeric.at(-1)![0]];
    const named = (text: string): string => text.replaceAll('#', first).replaceAll('@', second);
    const hasCalls = parts.outerColumns.includes('(');
    const outerWindow = hasCalls ? parts.outerWindow : '';
    const range = outerWindow !== '' && !parts.range.includes('>') ? 'time >= -12 AND time < 24' : parts.range;
    // Rows of one time come in the order of their series, whichever way they are read: what is cut off then is another story.
    const isCutFreely = !parts.isDescending || hasCalls;
    // A tag that only the outer statement groups by is none that it can name.
    const namesTags = /host|rack|\*$/.test(parts.outerColumns);
    return {
      columns,
      hasCalls,
      innerDimensions: parts.isRaw ? ['host', 'rack'] : namesTags ? [...new Set([...parts.innerDimensions, ...parts.outerDimensions])] : parts.innerDimensions,
      innerWindow: parts.isRaw ? '' : parts.innerWindow,
      innerWhere: parts.innerWhere,
      innerFill: parts.innerFill,
      innerLimit: parts.innerLimit,
      from: parts.from,
      isRaw: parts.isRaw,
      range,
      outer: named(parts.outerColumns),
      outerDimensions: parts.outerDimensions,
      outerWhere: named(parts.outerWhere),
      outerWindow,
      tail: [outerWindow === '' ? '' : parts.outerFill, parts.isDescending ? 'ORDER BY time DESC' : '', isCutFreely || parts.limits === 'SLIMIT 1' ? parts.limits : ''].join(' '),
      order: parts.isDescending ? 'ORDER BY time DESC' : '',
    };
  });

type Nested = typeof statement extends fc.Arbitrary<infer Value> ? Value : never;

/** The inner statement; with `isWrittenOut`, what the outer one asks of it stands in it. */
function innerText(parts: Nested, isWrittenOut: boolean): string {
  const { columns, from, innerDimensions, outerDimensions, innerWhere, range, innerWindow, outerWindow, innerFill, innerLimit, order, isRaw } = parts;
  const dimensions = isWrittenOut ? [...new Set([...innerDimensions, ...outerDimensions])] : innerDimensions;
  const inherited = isWrittenOut && !isRaw ? outerWindow : '';
  const window = innerWindow === '' ? inherited : innerWindow;
  const fill = isRaw || window === '' ? '' : innerFill === '' && isWrittenOut ? 'fill(none)' : innerFill;
  const isInheriting = !isRaw && innerWindow === '' && outerWindow !== '';
  return select(columns.text, from, [innerWhere, isWrittenOut ? range : ''], [...dimensions, window], [isInheriting && !isWrittenOut ? innerFill : fill, isWrittenOut ? order : '', innerLimit]);
}

function outerText(parts: Nested, from: string): string {
  return select(parts.outer, from, [parts.outerWhere, parts.range], [...parts.outerDimensions, parts.outerWindow], [parts.tail]);
}

function select(columns: string, from: string, conditions: readonly string[], dimensions: readonly string[], rest: readonly string[]): string {
  const present = (texts: readonly string[]): string[] => texts.filter((text) => text !== '');
  const where = present(conditions).map((condition) => `(${condition})`).join(' AND ');
  const groups = present(dimensions).join(', ');
  return ['SELECT', columns, 'FROM', from, where === '' ? '' : `WHERE ${where}`, groups === '' ? '' : `GROUP BY ${groups}`, ...present(rest)].join(' ');
}

function pointsOf(answer: Answer, { types }: Columns): TestPoint[] {
  return (answer.series ?? []).flatMap(({ name, tags = {}, columns, values }) =>
    values.map(([time, ...cells]): TestPoint => ({
      key: seriesKey(name!, Object.entries(tags)),
      timeNs: BigInt(time as number | bigint),
      fields: new Map(
        cells.flatMap((cell, index) => {
          const name = columns[index + 1]!;
          // A number that `fill` puts beside a text is none.
          const isValue = cell !== null && (types[name] === 'string') === (typeof cell === 'string');
          return isValue ? [[name, { type: types[name]!, value: cell as FieldValue }] as const] : [];
        }),
      ),
    })),
  );
}

/** Comparable: sums in any order, rows of one time in any order. */
function settled(answer: Answer, sortsTies: boolean): unknown {
  const round = (cell: Cell): Cell => (typeof cell === 'number' && (!Number.isInteger(cell) || Math.abs(cell) > 1e12) ? Number(cell.toPrecision(9)) : cell);
  const series = answer.series?.map((each) => {
    const values = each.values.map((row) => row.map(round));
    return { ...each, values: sortsTies ? values.map((row) => JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))).sort() : values };
  });
  return comparable({ ...answer, ...(series === undefined ? {} : { series }) } as Answer);
}

test('SQ4: a subquery answers as a measurement with its rows does', async () => {
  let answeredCount = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 50, size: 'max' }),
      statement,
      fc.record({ windowNs: fc.integer({ min: 1, max: 40 }).map(BigInt), sliceCount: fc.integer({ min: 1, max: 3 }) }),
      fc.integer({ min: 1, max: 9 }),
      async (lines, parts, sharding, chunkRowCount) => {
        const points = parseTestLines(lines.join('\n'));
        const inner = await answerOf(innerText(parts, true), points, { nowNs: 23n });
        const written = pointsOf(inner, parts.columns);
        // A column that no row has is none of a measurement.
        fc.pre(!parts.outer.includes('*') || Object.keys(parts.columns.types).every((name) => written.some(({ fields }) => fields.has(name))));
        const sources = [...new Set((inner.series ?? []).map(({ name }) => name!))].join(', ');
        const expected = sources === '' ? {} : await answerOf(outerText(parts, sources), written, { nowNs: 23n });
        const actual = await answerOf(outerText(parts, `(${innerText(parts, false)})`), points, { nowNs: 23n, sharding, chunkRowCount });
        answeredCount += actual.series === undefined ? 0 : 1;
        const sortsTies = !parts.hasCalls && parts.order !== '';
        expect(settled(actual, sortsTies), outerText(parts, `(${innerText(parts, false)})`)).toEqual(settled(expected, sortsTies));
      },
    ),
    { numRuns: 800 },
  );
  expect(answeredCount).toBeGreaterThan(500);
});
