import type { Catalog, Database, RetentionPolicy, ShardGroup } from '@varve/model';
import { emptyCatalog } from '@varve/model/testing';
import { expect, test } from 'vitest';
import type { ShowStatement } from '../influxql/ast.ts';
import { parseOne } from '../testing/memory-engine.ts';
import { showNeeds } from './show-needs.ts';
import { showRows } from './show-rows.ts';

// Columns, names and texts as influxd 1.6.7 answers them; owners, of which a single InfluxDB has none, as its clustered forks do.

const HOUR = 3_600_000_000_000n;

function policy(name: string, parts: Partial<RetentionPolicy> = {}): RetentionPolicy {
  return { id: 1, name, durationNs: 0n, shardDurationNs: HOUR, replicaCount: 1, writeLevel: 'one', readLevel: 'one', shardGroups: [], measurements: new Map(), ...parts };
}

function catalogOf(databases: readonly (Pick<Database, 'name' | 'continuousQueries'> & { readonly policies: readonly RetentionPolicy[] })[], parts: Partial<Catalog> = {}): Catalog {
  const entries = databases.map(({ policies, ...database }) => {
    const retentionPolicies = new Map(policies.map((each) => [each.name, each]));
    return [database.name, { id: 1, defaultRetentionPolicy: 'autogen', retentionPolicies, ...database }] as const;
  });
  return { ...emptyCatalog(), databases: new Map(entries), ...parts };
}

/** Each series as its name, its columns, and its rows. */
function shown(statement: ShowStatement, catalog: Catalog): unknown {
  const context = { catalog, database: undefined, nowNs: 0n };
  expect(showNeeds(statement, context)).toEqual({ kind: 'catalog' });
  const blocks = showRows(statement, { ...context, names: [], estimate: 0 });
  if ('kind' in blocks) return blocks.text;
  return blocks.map(({ name, columns, cells, rowCount }) => [name, columns.join(), Array.from({ length: rowCount }, (_, row) => cells.map((column) => column[row]))]);
}

const group = (id: number, startNs: bigint, endNs: bigint, parts: Partial<ShardGroup> = {}): ShardGroup => ({
  ...{ id, range: { startNs, endNs }, replicaCount: 2 },
  shards: [{ id: id + 1, owners: [1, 2], epoch: 1 }, { id: id + 2, owners: [3], epoch: 4 }],
  ...parts,
});

test('users and their grants, never a hash', () => {
  const privileges = new Map([['b', 'none'], ['a', 'all'], ['c', 'read'], ['d', 'write']] as const);
  const users = new Map([['u', { name: 'u', passwordHash: 'HASH', isAdmin: false, privileges }], ['adm', { name: 'adm', passwordHash: 'HASH', isAdmin: true, privileges: new Map() }]]);
  const catalog = catalogOf([], { users });
  expect(shown({ kind: 'showUsers' }, catalogOf([]))).toEqual([['', 'user,admin', []]]);
  expect(shown({ kind: 'showUsers' }, catalog)).toEqual([['', 'user,admin', [['u', false], ['adm', true]]]]);
  expect(shown({ kind: 'showGrants', user: 'u' }, catalog)).toEqual([['', 'database,privilege', [['b', 'NO PRIVILEGES'], ['a', 'ALL PRIVILEGES'], ['c', 'READ'], ['d', 'WRITE']]]]);
  expect(shown({ kind: 'showGrants', user: 'adm' }, catalog)).toEqual([['', 'database,privilege', []]]);
  expect(shown({ kind: 'showGrants', user: '__proto__' }, catalog)).toBe('user not found');
});

test('continuous queries: a series for every database', () => {
  const catalog = catalogOf([{ name: 'b', policies: [] }, { name: 'a', policies: [], continuousQueries: new Map([['q', { name: 'q', query: 'CREATE …' }]]) }]);
  expect(shown({ kind: 'showContinuousQueries' }, catalog)).toEqual([['b', 'name,query', []], ['a', 'name,query', [['q', 'CREATE …']]]]);
  expect(shown({ kind: 'showContinuousQueries' }, catalogOf([]))).toEqual([]);
});

test('subscriptions: a series for every database that has one, destinations as a list', () => {
  const subscriptions = new Map([['s', { name: 's', mode: 'ANY' as const, destinations: ['udp://h:1', 'http://u:p@h:2'] }]]);
  const catalog = catalogOf([{ name: 'none', policies: [policy('autogen')] }, { name: 'a', policies: [policy('autogen'), policy('r', { subscriptions })] }]);
  expect(shown({ kind: 'showSubscriptions' }, catalog)).toEqual([['a', 'retention_policy,name,mode,destinations', [['r', 's', 'ANY', ['udp://h:1', 'http://u:p@h:2']]]]]);
  expect(shown({ kind: 'showSubscriptions' }, catalogOf([{ name: 'none', policies: [policy('autogen')] }]))).toEqual([]);
});

test('shards and shard groups: times to the second, and when they expire', () => {
  const forEver = policy('autogen', { shardGroups: [group(10, -(2n ** 63n) + 2n, -HOUR), group(20, 0n, HOUR)] });
  const short = policy('r', { durationNs: 2n * HOUR, shardGroups: [group(30, 0n, HOUR, { cutFromNs: 3n * HOUR })] });
  const catalog = catalogOf([{ name: 'empty', policies: [policy('autogen')] }, { name: 'a', policies: [forEver, short] }]);
  const edge = ['1677-09-21T00:12:43Z', '1969-12-31T23:00:00Z', '1969-12-31T23:00:00Z'];
  const first = ['1970-01-01T00:00:00Z', '1970-01-01T01:00:00Z', '1970-01-01T01:00:00Z'];
  const cut = ['1970-01-01T00:00:00Z', '1970-01-01T01:00:00Z', '1970-01-01T05:00:00Z'];
  const columns = 'id,database,retention_policy,shard_group,start_time,end_time,expiry_time,owners';
  const rowsOf = (id: number, name: string, times: readonly string[]) => [[id + 1, 'a', name, id, ...times, '1,2'], [id + 2, 'a', name, id, ...times, '3']];
  expect(shown({ kind: 'showShards' }, catalog)).toEqual([['empty', columns, []], ['a', columns, [...rowsOf(10, 'autogen', edge), ...rowsOf(20, 'autogen', first), ...rowsOf(30, 'r', cut)]]]);
  const groupColumns = 'id,database,retention_policy,start_time,end_time,expiry_time';
  expect(shown({ kind: 'showShardGroups' }, catalog)).toEqual([['shard groups', groupColumns, [[10, 'a', 'autogen', ...edge], [20, 'a', 'autogen', ...first], [30, 'a', 'r', ...cut]]]]);
  expect(shown({ kind: 'showShardGroups' }, catalogOf([]))).toEqual([['shard groups', groupColumns, []]]);
});

test('SH7 series and fields are asked of one policy: of the source, of the request, or the default one', () => {
  const catalog = catalogOf([{ name: 'd', continuousQueries: new Map(), policies: [policy('autogen', { id: 1, measurements: new Map([['m', new Map()]]) }), policy('o', { id: 2, measurements: new Map([['n', new Map()]]) })] }]);
  const asked = (query: string, retentionPolicy?: string): unknown => {
    const needs = showNeeds(parseOne(query) as ShowStatement, { catalog, database: 'd', retentionPolicy, nowNs: 0n });
    return needs.kind === 'series' ? needs.parts.map(({ policies, question }) => [...policies, ...question.measurements]) : needs;
  };
  for (const query of ['SHOW SERIES', 'SHOW FIELD KEYS', 'SHOW SERIES EXACT CARDINALITY']) {
    expect(asked(query), query).toEqual([[1, 'm']]);
    expect(asked(query, 'o'), query).toEqual([[2, 'n']]);
    expect(asked(query, 'nope'), query).toEqual({ kind: 'error', text: 'retention policy not found: nope' });
  }
  expect(asked('SHOW SERIES FROM o.n, m')).toEqual([[2, 'n'], [1, 'm']]);
  expect(asked('SHOW SERIES ON nope FROM d..m')).toEqual([[1, 'm']]);
  expect(asked('SHOW TAG KEYS')).toEqual([[1, 2, 'm', 'n']]);
});

test('ON and another database in FROM: series and fields are those of FROM, tags those of ON', () => {
  const measurements = (field: string): RetentionPolicy['measurements'] => new Map([['cpu', new Map([[field, 'float']])]]) as RetentionPolicy['measurements'];
  const catalog = catalogOf(['on', 'from'].map((name, index) => ({ name, policies: [policy('autogen', { id: index + 1, measurements: measurements(`of_${name}`) })] })));
  const askedPolicies = (text: string): unknown => {
    const needs = showNeeds(parseOne(text) as ShowStatement, { catalog, database: undefined, nowNs: 0n });
    return needs.kind === 'series' ? needs.parts.flatMap(({ policies }) => policies) : needs;
  };
  expect(askedPolicies('SHOW SERIES ON "on" FROM "from"..cpu')).toEqual([2]);
  expect(askedPolicies('SHOW SERIES ON nowhere FROM "from"..cpu')).toEqual([2]);
  expect(askedPolicies('SHOW TAG KEYS ON "on" FROM "from"..cpu')).toEqual([1]);
  expect(askedPolicies('SHOW TAG VALUES ON "on" FROM "from"..cpu WITH KEY = host')).toEqual([1]);
  expect(askedPolicies('SHOW FIELD KEYS ON "on" FROM "from"..cpu')).toEqual([2]);
});
