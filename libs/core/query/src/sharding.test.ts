import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerOf } from './testing/memory-engine.ts';
import { comparable } from './testing/recorded-answers.ts';
import { parseTestLines } from './testing/test-lines.ts';

// Methodology: random points (few series, many equal times and values, so that ties abound) and random queries. The dumb
// way is one shard in one block; the clever way is many shards of random width and slices, in blocks of random size. Floats
// are multiples of 1/4, so that sums are exact in any order.
const line = fc
  .record({
    measurement: fc.constantFrom('m', 'k'),
    host: fc.constantFrom(',host=a', ',host=b', ',host=c', ''),
    rack: fc.constantFrom(',rack=1', ',rack=2', ''),
    float: fc.integer({ min: -8, max: 8 }).map((value) => value / 4),
    integer: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('9223372036854775807', '-9007199254740993')),
    fields: fc.constantFrom('f', 'i', 'fi', 'fs', 'fisb', 'sb'),
    text: fc.constantFrom('', 'x', 'y'),
    isTrue: fc.boolean(),
    time: fc.integer({ min: -6, max: 14 }),
  })
  .map(({ measurement, host, rack, float, integer, fields, text, isTrue, time }) => {
    const all = { f: `f=${float}`, i: `i=${integer}i`, s: `s="${text}"`, b: `b=${isTrue}` };
    return `${measurement}${host}${rack} ${[...fields].map((field) => all[field as keyof typeof all]).join(',')} ${time}`;
  });

const columns = fc.constantFrom(
  ...['*', 'f', 'f, s', 'host, b', 'f + i', 'count(f)', 'sum(i)', 'mean(f), max(i)', 'min(b)', 'first(s)', 'last(f)', 'last(s), rack, i'],
  ...['max(f), *', 'min(i), host', 'percentile(f, 50)', 'percentile(i, 90), host, rack', 'median(f)', 'spread(i)', 'distinct(f)', 'distinct(s)'],
  ...['count(distinct(i))', 'mode(s)', 'mode(i)', 'count(*)', 'first(*)', 'max(f) - min(f)', 'sum(f) / count(i)'],
  ...['top(f, 2)', 'bottom(i, host, 2), s', 'top(i, 5), *', 'top(f, host, rack, 3) * 2', 'sample(f, 3)', 'sample(s, 2), host, rack', 'sample(i, 1), mean(f)', 'count(b), sample(*, 4)'],
  ...['integral(f)', 'integral(i, 1ns), mean(f)', 'integral(f, 3ns), integral(i, 1h), sample(s, 2)', 'integral(*)', 'sum_hll(i)', 'count_hll(sum_hll(f)), count_hll(sum_hll(s))', 'merge_hll(s)', 'count_hll(s)'],
  ...['abs(f), floor(i)', 'round(mean(f)), pow(max(i), 2)', 'abs(max(f)), host', 'sqrt(*)', 'abs(distinct(f)) * 2'],
);
const from = fc.constantFrom('m', 'm, k', '/./', 'k');
const where = fc.constantFrom(
  ...['', 'WHERE time >= -2 AND time < 11', "WHERE host = 'a' OR f > 0", "WHERE host != 'a' AND rack = ''", 'WHERE i >= 0', "WHERE s =~ /x|y/ OR rack =~ /1/", 'WHERE b = true AND time > 3'],
  ...['WHERE abs(f) > 1', "WHERE abs(i) > 1 OR host = 'a'"],
);
const group = fc.constantFrom('', 'GROUP BY host', 'GROUP BY *', 'GROUP BY rack, nope');
const windows = fc.constantFrom('time(3)', 'time(5,-1)', 'time(100)');
const fill = fc.constantFrom('', 'fill(none)', 'fill(previous)', 'fill(3)', 'fill(linear)');
const order = fc.constantFrom('', 'ORDER BY time DESC');
const limits = fc.constantFrom('', 'LIMIT 3', 'LIMIT 2 OFFSET 1', 'OFFSET 4', 'LIMIT 1 SLIMIT 1', 'SLIMIT 2 SOFFSET 1');

// Transformations: of fields, never over windows; of functions, always.
const ofFields = fc.constantFrom(
  ...['derivative(f)', 'non_negative_derivative(i, 2ns)', 'difference(i)', 'non_negative_difference(f), elapsed(s)', 'elapsed(*)', 'cumulative_sum(f), cumulative_sum(i)'],
  ...['moving_average(i, 3)', 'moving_average(f, 2) * 2, f', 'exponential_moving_average(f, 2)', 'max(f), difference(f)', 'count(s), elapsed(b), first(i)', 'difference(i) + derivative(f)'],
);
const ofFunctions = fc.constantFrom(
  ...['derivative(mean(f))', 'mean(f), derivative(mean(f))', 'difference(sum(i)), count(i)', 'moving_average(max(f), 2), elapsed(first(s))', 'cumulative_sum(count(s))'],
  ...['derivative(difference(mean(f)), 1ns)', 'difference(*)', 'difference(count(*)), sum(f)', 'derivative(distinct(f)), max(f)', 'holt_winters_with_fit(mean(f), 2, 2), mean(f)'],
  ...['difference(median(i)) + cumulative_sum(spread(f))', 'moving_average(cumulative_sum(last(f)), 2), last(f)', 'count(f), mean(i)'],
);

interface QueryShape {
  readonly columns: fc.Arbitrary<string>;
  readonly hasWindow: (columns: string) => fc.Arbitrary<boolean>;
}

function queryOf({ columns: ofShape, hasWindow }: QueryShape): fc.Arbitrary<string> {
  const parts = ofShape.chain((text) => fc.record({ columns: fc.constant(text), from, where, group, windows, fill, order, limits, canWindow: hasWindow(text) }));
  return parts.map(({ canWindow, ...parts }) => {
    const window = canWindow ? `${parts.group === '' ? 'GROUP BY ' : `${parts.group}, `}${parts.windows.replaceAll(/(\d+)/g, '$1ns')}` : parts.group;
    const bounded = canWindow && !parts.where.includes('time') ? `${parts.where === '' ? 'WHERE' : `${parts.where} AND`} time >= -9 AND time < 16` : parts.where;
    return ['SELECT', parts.columns, 'FROM', parts.from, bounded, window, canWindow ? parts.fill : '', parts.order, parts.limits].join(' ');
  });
}

const SHAPES: readonly (readonly [string, QueryShape, number])[] = [
  ['rows and functions', { columns, hasWindow: (text) => (text.includes('(') ? fc.boolean() : fc.constant(false)) }, 1500],
  ['transformations of fields', { columns: ofFields, hasWindow: () => fc.constant(false) }, 500],
  ['transformations of functions', { columns: ofFunctions, hasWindow: () => fc.constant(true) }, 700],
];

test.each(SHAPES)('TF1: many shards answer as one shard does: %s', async (_name, shape, numRuns) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 60, size: 'max' }),
      queryOf(shape),
      fc.record({ windowNs: fc.integer({ min: 1, max: 12 }).map(BigInt), sliceCount: fc.integer({ min: 1, max: 4 }) }),
      fc.integer({ min: 1, max: 9 }),
      async (lines, text, sharding, chunkRowCount) => {
        const points = parseTestLines(lines.join('\n'));
        const dumb = await answerOf(text, points, { nowNs: 20n });
        const clever = await answerOf(text, points, { nowNs: 20n, sharding, chunkRowCount });
        expect(comparable(clever)).toEqual(comparable(dumb));
      },
    ),
    { numRuns },
  );
});

test('QC1: windows that shards have one of each come in the order of the answer', async () => {
  const points = parseTestLines(['m,host=a f=5 50', 'm,host=b f=4 40', 'm,host=b f=6 60'].join('\n'));
  const query = 'SELECT mean(f) FROM m GROUP BY time(10ns) fill(none) ORDER BY time DESC';
  const answer = await answerOf(query, points, { sharding: { windowNs: 1000n, sliceCount: 64 } });

  expect(comparable(answer)).toMatchObject({ series: [{ values: [6, 5, 4].map((value) => [value * 10, value]) }] });
});
