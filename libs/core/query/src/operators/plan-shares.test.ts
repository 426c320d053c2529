import { assert, type TimestampNs } from '@varve/base';
import { expect, test } from 'vitest';
import { parseQuery } from '../influxql/parse.ts';
import { planQuery } from '../plan/plan-query.ts';
import type { ShardPlan } from '../plan/shard-plan.ts';
import { schemaOf } from '../testing/memory-engine.ts';
import { memorySource, type TestPoint } from '../testing/memory-source.ts';
import { parseTestLines } from '../testing/test-lines.ts';
import { sharesOf } from './plan-shares.ts';
import { runShardPlan } from './run-shard-plan.ts';
import type { OffsetRange, ShardSource } from './shard-source.ts';

const START_NS = 0n as TimestampNs;
const LIMITS = { selectBucketCountMax: 0, windowCountMax: 1_000_000 };

function planOf(text: string, points: readonly TestPoint[]): ShardPlan {
  const parsed = parseQuery(text);
  assert(parsed.kind !== 'error' && parsed.statements[0]?.kind === 'select', `no SELECT: ${text}`);
  const plan = planQuery(parsed.statements[0], { nowNs: START_NS, database: 'rec', retentionPolicy: undefined, schema: schemaOf(points), limits: LIMITS });
  assert(!('kind' in plan), `no plan: ${text}`);
  return plan.sources[0]!.shardPlan;
}

const END_NS = 10_000_000;
const SKEWED = parseTestLines([...Array(200).keys()].flatMap((id) => [`m,host=a,id=${id} f=1 ${id}`, `m,host=b,id=${id} f=1 ${id}`]).join('\n'));

/** Long series have a million rows and all others one, as far as the source says. */
function skewedSource(isLong: (key: string) => boolean): ShardSource {
  return {
    ...memorySource(START_NS, SKEWED),
    timesOf: () => ({ minOffsetNs: 0, maxOffsetNs: END_NS - 1 }),
    rowCountIn: ({ key }, { startOffsetNs, endOffsetNs }) => ((isLong(key) ? 1_000_000 : 1) * (Math.min(endOffsetNs, END_NS) - Math.max(startOffsetNs, 0))) / END_NS,
  };
}

test('one long series makes no shares of the groups beside it', () => {
  const shares = sharesOf(planOf('SELECT f FROM m WHERE f > 3 GROUP BY host', SKEWED), skewedSource((key) => key === 'm,host=a,id=0'));
  expect(shares.length).toBe(3); // A million rows at 200 times 2,048, and the other group.
});

test('filtered rows of a group are cut where each of its series has some pages; rows that are all answered are one share, which is not lent', () => {
  const sharesFor = (text: string): ReturnType<typeof sharesOf> => sharesOf(planOf(text, SKEWED), skewedSource(() => true));
  expect(sharesFor("SELECT f FROM m WHERE f > 3 AND id = '1' AND host = 'a'")).toHaveLength(30); // A million rows at 32,768 each.
  expect(sharesFor('SELECT f FROM m WHERE f > 3')).toHaveLength(488); // 400 million at 400 times 2,048.
  expect(sharesFor('SELECT f FROM m')).toMatchObject([{ mayBeLent: false }]);
});

test('where the first series of a group is short, the others are read in pieces all the same', async () => {
  const asked: OffsetRange[] = [];
  const source = skewedSource((key) => key !== 'm,host=a,id=0');
  const reader: ShardSource['reader'] = (question) => {
    const read = source.reader(question);
    return (series, range) => {
      asked.push(range);
      return read(series, range);
    };
  };
  const plan = planOf('SELECT f FROM m', SKEWED);
  await runShardPlan(plan, { ...source, reader }).next();
  expect((asked[0]!.endOffsetNs - asked[0]!.startOffsetNs) / END_NS).toBeLessThan(1 / 1_000); // 400 million rows at 65,536 each.
});
