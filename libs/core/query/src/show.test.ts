import { expect, test } from 'vitest';
import { parseOne } from './testing/memory-engine.ts';
import { shownAnswer } from './testing/memory-show.ts';
import { readRecorded } from './testing/recorded-answers.ts';
import type { TestPoint } from './testing/memory-source.ts';
import { parseTestLines } from './testing/test-lines.ts';
import type { ShowStatement } from './influxql/ast.ts';

/** Several windows, and several slices of each: a series is in many shards. */
const SHARDINGS = [undefined, { windowNs: 10n, sliceCount: 1 }, { windowNs: 7n, sliceCount: 3 }];

const SETS = [...readRecorded('show-answers.json'), ...readRecorded('cardinality-answers.json')].flatMap((set) => SHARDINGS.map((sharding) => ({ ...set, sharding })));

test.each(SETS)('SH1 SHOW answers as InfluxDB 1.6.7 does, however points are spread: $name', async ({ lines, cases, sharding }) => {
  const points = parseTestLines(lines.join('\n'));
  for (const { query, answer } of cases) expect(await shown(query, points, sharding), query).toEqual(answer);
});

async function shown(query: string, points: readonly TestPoint[], sharding?: (typeof SHARDINGS)[number]): Promise<unknown> {
  const statement = parseOne(query);
  return typeof statement === 'string' ? { error: statement } : shownAnswer(statement as ShowStatement, points, sharding);
}

const HOSTS = parseTestLines('cpu,host=a,region=eu v=1 10\ncpu,host=a,region=eu v=1 40\ncpu,host=b,region=eu v=1 20\nmem,host=c f=1 30');

test.each([
  ["time > 20", ['cpu a', 'mem c']],
  ["time >= 20 AND time < 30", ['cpu b']],
  ["time = 40 AND region = 'eu'", ['cpu a']],
  ["time > 40", []],
  ["time < 10", []],
  ["value = 'a'", ['cpu a']],
  ["value =~ /a|c/ AND time < 30", ['cpu a']],
  ["value = 'c' OR region = 'eu'", ['cpu a', 'cpu b', 'mem c']],
  ["value != 'a' AND region != ''", ['cpu b']],
  ["value = 5000", []],
  ["(value = 5000 OR value = 'c') AND 1 = 1", ['mem c']],
  ["_name = 'mem'", ['mem c']],
  ["_tagKey = 'region'", []],
])('SH2 SH3 SHOW TAG VALUES asks each point for its time, and the value itself: %s', async (condition, expected) => {
  for (const sharding of SHARDINGS) {
    const answer = (await shown(`SHOW TAG VALUES WITH KEY = host WHERE ${condition}`, HOSTS, sharding)) as { series?: { name: string; values: string[][] }[] };
    expect((answer.series ?? []).flatMap(({ name, values }) => values.map(([, value]) => `${name} ${value}`))).toEqual(expected);
  }
});

test('SH3 what is constant in WHERE is decided before it', async () => {
  const keys = async (condition: string): Promise<unknown> => {
    const { series, ...rest } = (await shown(`SHOW SERIES WHERE ${condition}`, HOSTS)) as { series?: { values: string[][] }[]; error?: string };
    return rest.error ?? (series ?? []).flatMap(({ values }) => values.flat());
  };
  expect(await keys("1 + 1 = 2 AND host = 'c'")).toEqual(['mem,host=c']);
  expect(await keys("value > 0 OR 'a' = 'a'")).toHaveLength(3);
  expect(await keys('1h > 60m')).toEqual([]);
  expect(await keys('1 + 2')).toBe('invalid condition expression: 3');
  expect(await keys('value > 0')).toBe('invalid tag comparison operator');
});

test('SH2 so do SHOW SERIES, SHOW TAG KEYS and the count of tag values', async () => {
  expect(await shown('SHOW SERIES WHERE time > 20 AND time < 40', HOSTS)).toEqual({ series: [{ columns: ['key'], values: [['mem,host=c']] }] });
  expect(await shown('SHOW TAG KEYS WHERE time > 20 AND time < 40', HOSTS)).toEqual({ series: [{ name: 'mem', columns: ['tagKey'], values: [['host']] }] });
  expect(await shown('SHOW TAG VALUES CARDINALITY WITH KEY = host WHERE time > 30', HOSTS)).toEqual({ series: [{ name: 'cpu', columns: ['count'], values: [[1]] }] });
});

test('groups of windows are refused: names have no time', async () => {
  expect(await shown('SHOW SERIES CARDINALITY GROUP BY time(1m)', HOSTS)).toEqual({ error: "SHOW SERIES EXACT CARDINALITY doesn't support GROUP BY time" });
});

test('SHOW SERVERS is read whatever its case, and is no keyword elsewhere', () => {
  expect(parseOne('show Servers')).toEqual({ kind: 'showServers' });
  expect(parseOne('SELECT servers FROM servers')).toMatchObject({ kind: 'select' });
  expect(parseOne('SHOW SERVER')).toMatch(/^error parsing query: found SERVER, expected CONTINUOUS, DATABASES, DIAGNOSTICS, FIELD, .* at line 1, char 6$/);
});

test('a SHOW that is not answered here says so', async () => {
  expect(await shownAnswer({ kind: 'showServerStats' as never }, [])).toEqual({ error: 'SHOW SERVER STATS is not supported' });
});
