import { expect, test } from 'vitest';
import { planQuery } from '../plan/plan-query.ts';
import { askedSources } from '../plan/planned-sources.ts';
import type { SelectStatement } from '../influxql/ast.ts';
import { parseOne, schemaOf, TEST_DATABASE } from '../testing/memory-engine.ts';
import { parseTestLines } from '../testing/test-lines.ts';
import { analyzedLines, type AnalyzedShard } from './analyzed-query.ts';
import { explainPlan } from './explain-plan.ts';
import { rangeText } from './range-text.ts';
import { treeLines } from './tree-lines.ts';

const POINTS = parseTestLines('cpu,host=a,region=eu value=1,load=2i 10\ncpu,host=b other="x" 20\ndisk,host=a used=1 10');

function explained(query: string): readonly string[] {
  const context = { database: TEST_DATABASE, retentionPolicy: undefined, nowNs: 0n, schema: schemaOf(POINTS), limits: { selectBucketCountMax: 0, windowCountMax: 1_000 } };
  const plan = planQuery(parseOne(query) as SelectStatement, context);
  if ('kind' in plan) return [plan.text];
  const shards = Array.from({ length: 102 }, (_, index) => ({ shard: index, range: { startNs: 0n, endNs: 604_800_000_000_000n }, owners: [2, 3] }));
  return explainPlan(askedSources(plan).map((asked) => ({ ...asked, shards, seriesCount: 7 })));
}

/** What InfluxDB 1.6.7 prints in these lines. */
test.each([
  ['SELECT mean(value) FROM cpu WHERE time > 0 AND time < 30d GROUP BY host, time(1d)', ['EXPRESSION: mean(value::float)']],
  ['SELECT * FROM cpu', ['EXPRESSION: <nil>', 'AUXILIARY FIELDS: host::tag, load::integer, other::string, region::tag, value::float']],
  ["SELECT value FROM cpu WHERE host='a'", ['EXPRESSION: <nil>', 'AUXILIARY FIELDS: value::float']],
  ['SELECT max(value), min(load) FROM cpu', ['EXPRESSION: max(value::float)', 'EXPRESSION: min(load::integer)']],
  ['SELECT value FROM nosuch', []],
  ['SELECT max(mean) FROM (SELECT mean(value) FROM cpu GROUP BY host), (SELECT used AS mean FROM disk)', ['EXPRESSION: mean(value::float)', 'EXPRESSION: <nil>', 'AUXILIARY FIELDS: used::float']],
])('EX1 EXPLAIN %s', (query, expected) => {
  expect(explained(query).filter((line) => /^(EXPRESSION|AUXILIARY)/.test(line))).toEqual(expected);
});

test('EX1 EX3 each shard and what is pushed down are printed, and no list is long', () => {
  const lines = explained("SELECT mean(value) FROM cpu WHERE host =~ /a/ AND region != 'eu' AND value > 1 AND time >= 0 AND time < 1d GROUP BY host, time(1h)");
  expect(lines.slice(1, 10)).toEqual([
    'NUMBER OF SHARDS: 102',
    'NUMBER OF SERIES: 7',
    'SOURCE: rec.autogen: cpu',
    'TIME RANGE: [1970-01-01T00:00:00Z, 1970-01-02T00:00:00Z)',
    "PUSHED DOWN: series where (host =~ /a/ AND region != 'eu')",
    'PUSHED DOWN: conditions on rows',
    'PUSHED DOWN: groups by host',
    'PUSHED DOWN: partial aggregates per window of 1h0m0s',
    'SHARD 0: [1970-01-01T00:00:00Z, 1970-01-08T00:00:00Z), owners 2, 3',
  ]);
  expect(lines.slice(-2)).toEqual(['SHARD 99: [1970-01-01T00:00:00Z, 1970-01-08T00:00:00Z), owners 2, 3', '… and 2 more']);
  expect(explained('SELECT value FROM nosuch')).toEqual(['']);
  expect(explained('SELECT value FROM cpu ORDER BY time DESC LIMIT 3 OFFSET 1')).toContain('PUSHED DOWN: rows, newest first, at most 4 of each group');
});

test('EX2 EX3 EXPLAIN ANALYZE says what became of each shard', () => {
  const counts = { seriesCount: 3, rowCount: 10, summaryCount: 2, summarizedRowCount: 7_200 };
  const answered: AnalyzedShard = { measurements: ['cpu'], shard: 5, owner: 2, retryCount: 1, frameCount: 4, sizeBytes: 900, elapsedMs: 1.5, counts };
  const shards = [answered, { ...answered, shard: 6, counts: undefined }, { ...answered, shard: 7, owner: undefined }];
  const lines = analyzedLines({ statement: 'SELECT v FROM cpu', planningMs: 0.25, executionMs: 2, rowCount: 12, seriesCount: 1, shards });
  expect(lines).toEqual(`.
└── select
    ├── execution_time: 2ms
    ├── planning_time: 250µs
    ├── total_time: 2.25ms
    ├── rows: 12
    ├── series: 1
    └── build_cursor
        ├── labels
        │   └── statement: SELECT v FROM cpu
        ├── create_iterator
        │   ├── labels
        │   │   ├── measurement: cpu
        │   │   └── shard_id: 5
        │   ├── owner: 2
        │   ├── retries: 1
        │   ├── time: 1.5ms
        │   ├── frames: 4
        │   ├── frame_bytes: 900
        │   ├── series: 3
        │   ├── rows_read: 10
        │   ├── summaries: 2
        │   └── rows_summarized: 7200
        ├── create_iterator
        │   ├── labels
        │   │   ├── measurement: cpu
        │   │   └── shard_id: 6
        │   ├── owner: 2
        │   ├── retries: 1
        │   ├── time: 1.5ms
        │   ├── frames: 4
        │   ├── frame_bytes: 900
        │   └── counts: not told
        └── create_iterator
            ├── labels
            │   ├── measurement: cpu
            │   └── shard_id: 7
            └── owner: none was asked
`.split('\n'));
  const many = Array.from({ length: 130 }, (_, shard) => ({ ...answered, shard }));
  expect(analyzedLines({ statement: 'x'.repeat(10_000), planningMs: 0, executionMs: 0, rowCount: 0, seriesCount: 0, shards: many }).join('\n')).toContain('… and 30 more shards');
});

test('a tree has one line per node', () => {
  expect(treeLines({ text: 'alone' })).toEqual(['.', '└── alone', '']);
});

test('a range is printed to the nanosecond, and what has no end has none', () => {
  expect(rangeText({ startNs: -1n, endNs: 1_500_000_001n })).toBe('[1969-12-31T23:59:59.999999999Z, 1970-01-01T00:00:01.500000001Z)');
  expect(rangeText({ startNs: -(2n ** 63n), endNs: 0n })).toBe('[, 1970-01-01T00:00:00Z)');
});
