import type { Catalog, FieldType, RetentionPolicy } from '@varve/model';
import { emptyCatalog } from '@varve/model/testing';
import { expect, test } from 'vitest';
import { parseQuery } from '../influxql/parse.ts';
import { planDelete, type DeletePlan } from './plan-delete.ts';
import type { PlanError } from './schema-view.ts';

const HOUR_NS = 3_600_000_000_000n;
const policy = (id: number, name: string, measurements: Readonly<Record<string, Readonly<Record<string, FieldType>>>>): RetentionPolicy => ({
  ...{ id, name, durationNs: 0n, shardDurationNs: HOUR_NS, replicaCount: 1, writeLevel: 'one', readLevel: 'one' },
  shardGroups: [{ id: id + 10, range: { startNs: 0n, endNs: HOUR_NS }, replicaCount: 1, shards: [{ id: id + 20, owners: [1], epoch: 1 }] }],
  measurements: new Map(Object.entries(measurements).map(([measurement, fields]) => [measurement, new Map(Object.entries(fields))])),
});
const CATALOG: Catalog = {
  ...emptyCatalog(),
  databases: new Map([
    [
      'd',
      {
        ...{ id: 1, name: 'd', defaultRetentionPolicy: 'autogen' },
        retentionPolicies: new Map([
          ['autogen', policy(2, 'autogen', { cpu: { v: 'float' }, mem: { u: 'integer' } })],
          ['rp', policy(3, 'rp', { cpu: { v: 'float' } })],
        ]),
      },
    ],
  ]),
};

function plan(text: string, database: string | undefined = 'd'): DeletePlan | PlanError {
  const parsed = parseQuery(text);
  const [statement] = parsed.kind === 'error' ? [] : parsed.statements;
  if (statement?.kind !== 'delete' && statement?.kind !== 'dropSeries') throw new Error(`no delete: ${text}`);
  return planDelete(statement, { catalog: CATALOG, database, nowNs: 1_000n });
}

const host = (value: string, operator = '='): object => ({ kind: 'match', key: 'host', operator, value });

test('DL1: a delete is in all policies that have what FROM names, and once for all measurements without a FROM', () => {
  const check = (text: string, expected: readonly (readonly [string, string | undefined])[]): void => {
    const planned = plan(text);
    expect(planned.kind === 'delete' && planned.parts.map(({ retentionPolicy, measurement }) => [retentionPolicy, measurement]), text).toEqual(expected);
  };
  check('DELETE FROM cpu', [['autogen', 'cpu'], ['rp', 'cpu']]);
  check('DELETE FROM mem, cpu', [['autogen', 'cpu'], ['autogen', 'mem'], ['rp', 'cpu']]);
  check('DELETE FROM /m$/', [['autogen', 'mem']]);
  check('DELETE FROM nosuch', []);
  check("DELETE WHERE host = 'a'", [['autogen', undefined], ['rp', undefined]]);
  check('DELETE WHERE time < 10', [['autogen', undefined], ['rp', undefined]]);
  check("DROP SERIES FROM mem WHERE host = 'a'", [['autogen', 'mem']]);
  check('DELETE FROM cpu WHERE false', []);
  check('DELETE FROM cpu WHERE true', [['autogen', 'cpu'], ['rp', 'cpu']]);
});

test('DL1: conditions on tags become the predicate, bounds of time the range, which they cut wherever they stand', () => {
  const check = (where: string, series: object, range?: readonly [bigint, bigint]): void => {
    const planned = plan(`DELETE FROM mem WHERE ${where}`) as DeletePlan;
    expect(planned.parts, where).toMatchObject([{ series }]);
    if (range !== undefined) expect(planned.range, where).toEqual({ startNs: range[0], endNs: range[1] });
  };
  check("host = 'a'", host('a'));
  check("'a' = host", host('a'));
  check("host != 'a'", host('a', '!='));
  check('host =~ /a/', host('a', '=~'));
  check("host !~ /a/ AND (host = 'a' OR host = '')", { kind: 'and', parts: [host('a', '!~'), { kind: 'or', parts: [host('a'), host('')] }] });
  check('time >= 5 AND time < 9', { kind: 'all' }, [5n, 9n]);
  check('time = 5', { kind: 'all' }, [5n, 6n]);
  check("host = 'a' AND time <= now()", host('a'), [-9223372036854775806n, 1_001n]);
  check("host != 'a' OR time < 15", host('a', '!='), [-9223372036854775806n, 15n]);
  expect(plan('DELETE FROM mem WHERE time > 5 AND time < 5')).toMatchObject({ range: undefined });
});

test("DL1: what is more than tags and time is refused as a whole, in InfluxDB's words", () => {
  const check = (text: string, error: string, database?: string): void => expect(plan(text, database), text).toEqual({ kind: 'error', text: error });
  const fields = (shard: number): string => `shard ${shard}: fields not supported in WHERE clause during deletion`;
  check('DELETE FROM cpu WHERE v = 1', fields(22));
  check("DELETE FROM cpu WHERE v > 1 AND host = 'a'", fields(22));
  check("DELETE FROM cpu WHERE host = 'a' OR v = 1", fields(22));
  check('DELETE FROM cpu WHERE nosuch = 1', fields(22));
  check('DROP SERIES WHERE u = 1', fields(22));
  check('DELETE FROM cpu WHERE abs(v) = 1', fields(22));
  check("DELETE FROM cpu WHERE host > 'a'", fields(22)); // 1.6.7 takes it for !=.
  check('DELETE FROM cpu WHERE host = region', fields(22)); // 1.6.7 deletes some of them.
  check('DROP SERIES FROM cpu WHERE time > 0', "DROP SERIES doesn't support time in WHERE clause");
  check("DELETE FROM cpu WHERE time = 'abc'", 'invalid operation: time and *influxql.StringLiteral are not compatible');
  check('DELETE FROM cpu WHERE time != 5', 'invalid time comparison operator: !=');
  check('DELETE FROM cpu WHERE host', 'invalid condition expression: host');
  check('DELETE FROM cpu', 'database not found: x', 'x');
  check('DELETE FROM cpu', 'database not found: ', '');
});
