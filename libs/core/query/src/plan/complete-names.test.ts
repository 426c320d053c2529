import type { Catalog, Database, RetentionPolicy } from '@varve/model';
import { emptyCatalog } from '@varve/model/testing';
import { expect, test } from 'vitest';
import { parseQuery } from '../influxql/parse.ts';
import { formatStatement } from '../influxql/print-statement.ts';
import { completeContinuousQuery } from './complete-names.ts';

// What is expected here was answered by influxd 1.6.7.

function policy(name: string): RetentionPolicy {
  return { id: 1, name, durationNs: 0n, shardDurationNs: 1n, replicaCount: 1, writeLevel: 'one', readLevel: 'one', shardGroups: [], measurements: new Map() };
}

function database(name: string, ...policies: readonly string[]): readonly [string, Database] {
  const retentionPolicies = new Map(policies.map((each) => [each, policy(each)]));
  return [name, { id: 1, name, defaultRetentionPolicy: 'autogen', retentionPolicies }];
}

const CATALOG: Catalog = { ...emptyCatalog(), databases: new Map([database('a', 'autogen', 'r 1'), database('b', 'autogen'), database('dropped', 'other')]) };

/** The body of a continuous query on `a` as it is kept, or why it is refused. */
function kept(select: string, request: { readonly database?: string; readonly retentionPolicy?: string } = {}): string {
  const parsed = parseQuery(`CREATE CONTINUOUS QUERY q ON a BEGIN ${select} END`);
  if (parsed.kind === 'error') throw new Error(parsed.message);
  const [statement] = parsed.statements;
  if (statement?.kind !== 'createContinuousQuery') throw new Error('no continuous query');
  const completed = completeContinuousQuery(statement, { catalog: CATALOG, database: undefined, retentionPolicy: undefined, ...request });
  return completed.kind === 'error' ? completed.text : /BEGIN (.*) END/.exec(formatStatement(completed))![1]!;
}

test('C38: database and policy of every source and target are filled in', () => {
  expect(kept('SELECT v INTO t FROM m')).toBe('SELECT v INTO a.autogen.t FROM a.autogen.m');
  expect(kept('SELECT v INTO b..:MEASUREMENT FROM /m.*/, "r 1"."n 1", a.."o"')).toBe('SELECT v INTO b.autogen.:MEASUREMENT FROM a.autogen./m.*/, a."r 1"."n 1", a.autogen.o');
  expect(kept('SELECT v INTO t FROM (SELECT v FROM m, (SELECT v FROM b..n))')).toBe('SELECT v INTO a.autogen.t FROM (SELECT v FROM a.autogen.m, (SELECT v FROM b.autogen.n))');
});

test("C38: the request's database and policy stand before the query's own", () => {
  expect(kept('SELECT v INTO t FROM m', { database: 'b' })).toBe('SELECT v INTO b.autogen.t FROM b.autogen.m');
  expect(kept('SELECT v INTO t FROM m', { retentionPolicy: 'r 1' })).toBe('SELECT v INTO a."r 1".t FROM a."r 1".m');
  expect(kept('SELECT v INTO a.autogen.t FROM a..m', { database: 'b', retentionPolicy: 'r 1' })).toBe('SELECT v INTO a.autogen.t FROM a."r 1".m');
  expect(kept('SELECT v INTO t FROM m', { database: '', retentionPolicy: '' })).toBe('SELECT v INTO a.autogen.t FROM a.autogen.m');
});

test('C38: what is not there is refused by name, wherever it stands', () => {
  expect(kept('SELECT v INTO t FROM m', { database: 'nodb' })).toBe('database not found: nodb');
  expect(kept('SELECT v INTO t FROM m', { database: 'b', retentionPolicy: 'r 1' })).toBe('retention policy not found: b.r 1');
  expect(kept('SELECT v INTO t FROM dropped..m')).toBe('retention policy not found: dropped.autogen');
  expect(kept('SELECT v INTO nodb..t FROM m')).toBe('database not found: nodb');
  expect(kept('SELECT v INTO nope.t FROM m')).toBe('retention policy not found: a.nope');
  expect(kept('SELECT v INTO nope.t FROM other.m')).toBe('retention policy not found: a.nope');
  expect(kept('SELECT v INTO nope.t FROM (SELECT v FROM nodb..m)')).toBe('database not found: nodb');
  expect(kept('SELECT v INTO t FROM (SELECT v FROM m, b.nope.n)')).toBe('retention policy not found: b.nope');
  expect(kept('SELECT v INTO t FROM (SELECT v FROM m, nodb..n)')).toBe('database not found: nodb');
});
