import { LIMITS } from '@varve/config';
import type { Catalog, CatalogCommand, Grantee, HeldPrivilege, Privilege } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog } from './testing/applied-log.ts';

const create = (name: string, passwordHash = '#', isAdmin = false): CatalogCommand => ({ kind: 'createUser', name, passwordHash, isAdmin });

/** A database `a`, a user `u` and a role `r`, on a cluster that supports everything. */
function withUser(): AppliedLog {
  const on = new AppliedLog();
  on.run({ kind: 'reportFeatureLevel', member: 'meta/1', level: 2 });
  on.run({ kind: 'raiseFeatureLevel', level: 2 });
  on.run({ kind: 'createDatabase', name: 'a' });
  on.run(create('u'));
  on.run({ kind: 'createRole', name: 'r' });
  return on;
}

test('C10: users are created, changed and dropped with the texts of InfluxDB', () => {
  const on = withUser();
  expect(on.say(create(''))).toBe('username required');
  expect(on.say(create('u'))).toBe('ok');
  expect(on.say(create('u', '##'))).toBe('user already exists');
  expect(on.say(create('u', '#', true))).toBe('user already exists');
  expect(on.say(create('__proto__'))).toBe('ok');
  expect(on.say({ kind: 'setPassword', name: 'u', passwordHash: '##' })).toBe('ok');
  expect(on.say({ kind: 'setPassword', name: 'x', passwordHash: '##' })).toBe('user not found');
  expect(on.say({ kind: 'setAdmin', name: 'u', isAdmin: true })).toBe('ok');
  expect(on.say({ kind: 'setAdmin', name: 'x', isAdmin: true })).toBe('user not found');
  expect(on.catalog.users.get('u')).toEqual({ name: 'u', passwordHash: '##', isAdmin: true, privileges: new Map() });
  expect(on.say({ kind: 'dropUser', name: 'u' })).toBe('ok');
  expect(on.say({ kind: 'dropUser', name: 'u' })).toBe('user not found');
});

test('C10, C39: GRANT replaces, REVOKE takes away what it names and leaves none', () => {
  const on = withUser();
  const change = (kind: 'grantPrivilege' | 'revokePrivilege', privilege: Privilege, to: Grantee = 'user', database = 'a', name = to === 'user' ? 'u' : 'r') =>
    on.say({ kind, grantee: to, name, database, privilege });
  const has = (): HeldPrivilege | undefined => on.catalog.users.get('u')!.privileges.get('a');
  expect(change('grantPrivilege', 'read', 'user', 'b')).toBe('database not found: b');
  expect(change('grantPrivilege', 'read', 'user', 'a', 'x')).toBe('user not found');
  expect(change('grantPrivilege', 'read', 'role', 'a', 'x')).toBe('role not found');
  expect(change('revokePrivilege', 'all')).toBe('ok');
  change('grantPrivilege', 'read');
  change('grantPrivilege', 'write');
  expect(has()).toBe('write');
  change('revokePrivilege', 'read');
  expect(has()).toBe('write');
  change('grantPrivilege', 'all');
  change('revokePrivilege', 'read');
  expect(has()).toBe('write');
  change('grantPrivilege', 'all');
  change('revokePrivilege', 'write');
  expect(has()).toBe('read');
  change('revokePrivilege', 'all');
  expect(has()).toBe('none');
  change('revokePrivilege', 'read');
  expect(has()).toBe('none');
  expect(change('grantPrivilege', 'read', 'role')).toBe('ok');
  expect(on.catalog.roles.get('r')!.privileges).toEqual(new Map([['a', 'read']]));
});

test('C2: somebody who comes again under the name of a dropped user is in no role', () => {
  const on = withUser();
  const member = (role: string, user: string, isMember = true): string => on.say({ kind: 'setRoleMember', role, user, isMember });
  expect(member('r', 'u')).toBe('ok');
  expect(member('r', 'u')).toBe('ok');
  expect(member('r', 'x')).toBe('user not found');
  expect(member('x', 'u')).toBe('role not found');
  on.run(create('b'));
  member('r', 'b');
  expect(on.catalog.roles.get('r')!.members).toEqual(['b', 'u']);
  member('r', 'b', false);
  on.run({ kind: 'dropUser', name: 'u' });
  on.run(create('u'));
  expect(on.catalog.roles.get('r')!.members).toEqual([]);
  expect(on.say({ kind: 'createRole', name: 'r' })).toBe('role already exists');
  expect(on.say({ kind: 'createRole', name: '' })).toBe('role name required');
  expect(on.say({ kind: 'dropRole', name: 'r' })).toBe('ok');
  expect(on.say({ kind: 'dropRole', name: 'r' })).toBe('role not found');
});

test('C10: continuous queries are as in InfluxDB: the same again is fine, another is not, dropping none is fine', () => {
  const on = withUser();
  const query = (text: string, database = 'a', name = 'q'): string => on.say({ kind: 'createContinuousQuery', database, name, query: text });
  expect(query('x', 'nodb')).toBe('database not found: nodb');
  expect(query('x', 'a', '')).toBe('invalid name');
  expect(query('SELECT 1')).toBe('ok');
  expect(query('select 1')).toBe('ok');
  expect(query('select 2')).toBe('continuous query already exists');
  expect(on.catalog.databases.get('a')!.continuousQueries).toEqual(new Map([['q', { name: 'q', query: 'SELECT 1' }]]));
  for (const [database, name] of [['nodb', 'q'], ['a', 'x'], ['a', 'q']] as const)
    expect(on.say({ kind: 'dropContinuousQuery', database, name })).toBe('ok');
  expect(on.catalog.databases.get('a')!.continuousQueries).toBeUndefined();
});

test('C10: subscriptions are as in InfluxDB: twice is an error, and so is an address that it cannot reach', () => {
  const on = withUser();
  const subscribe = (destinations: readonly string[], name = 's', retentionPolicy = 'autogen'): string =>
    on.say({ kind: 'createSubscription', database: 'a', retentionPolicy, name, mode: 'ALL', destinations });
  for (const wrong of ['ftp://h:1', 'http://h', 'http://h:', 'h:1', '', 'http://h/x:1'])
    expect(subscribe(['udp://h:9', wrong]), wrong).toBe(`invalid subscription URL: ${wrong}`);
  expect(subscribe([])).toMatch(/needs a destination/);
  expect(subscribe(['udp://h:9'], 's', 'x')).toBe('retention policy not found: x');
  expect(subscribe(['udp://h:9'], '')).toBe('invalid name');
  expect(subscribe(['udp://h:9', 'https://u:p@[::1]:1/x?y'])).toBe('ok');
  expect(subscribe(['udp://h:9'])).toBe('subscription already exists');
  const drop = (name: string): string => on.say({ kind: 'dropSubscription', database: 'a', retentionPolicy: 'autogen', name });
  expect(drop('t')).toBe('subscription not found');
  expect(drop('s')).toBe('ok');
  expect(on.policy().subscriptions).toBeUndefined();
  expect(on.say({ kind: 'dropSubscription', database: 'b', retentionPolicy: 'x', name: 's' })).toBe('database not found: b');
});

test('C36: users, continuous queries and subscriptions have bounds, and what is there can be changed and dropped at them', () => {
  const on = withUser();
  const many = <Value>(count: number, valueOf: (name: string) => Value): Map<string, Value> =>
    new Map(Array.from({ length: count }, (_, number) => [`n${number}`, valueOf(`n${number}`)] as const));
  const policy = { ...on.policy(), subscriptions: many(LIMITS.subscriptionCountMax, (name) => ({ name, mode: 'ALL' as const, destinations: ['udp://h:9'] })) };
  const database = {
    ...on.catalog.databases.get('a')!,
    continuousQueries: many(LIMITS.continuousQueryCountMax, (name) => ({ name, query: 'x' })),
    retentionPolicies: new Map([['autogen', policy], ['empty', { ...on.policy(), id: 1_000, name: 'empty' }]]),
  };
  const full: Catalog = {
    ...on.catalog,
    users: many(LIMITS.userCountMax, (name) => ({ name, passwordHash: '#', isAdmin: false, privileges: new Map() })),
    databases: new Map([['a', database]]),
  };
  const at = new AppliedLog(full);
  const query = (name: string, text = 'x'): CatalogCommand => ({ kind: 'createContinuousQuery', database: 'a', name, query: text });
  const subscribe = (name: string, destinations = ['udp://h:9'], retentionPolicy = 'empty'): CatalogCommand =>
    ({ kind: 'createSubscription', database: 'a', retentionPolicy, name, mode: 'ANY', destinations });
  const inAutogen = { database: 'a', retentionPolicy: 'autogen' };

  expect(at.say(create('more'))).toBe('a cluster has at most 10000 users; drop one first');
  expect(at.say(query('more'))).toBe('a database has at most 1000 continuous queries; drop one first');
  expect(at.say(subscribe('more'))).toBe('a database has at most 100 subscriptions; drop one first');
  expect(at.say(create('n0'))).toBe('ok');
  expect(at.say(query('n0'))).toBe('ok');
  expect(at.say({ kind: 'setPassword', name: 'n0', passwordHash: '##' })).toBe('ok');
  expect(at.say({ kind: 'dropUser', name: 'n0' })).toBe('ok');
  expect(at.say({ kind: 'dropContinuousQuery', database: 'a', name: 'n0' })).toBe('ok');
  expect(at.say({ kind: 'dropSubscription', ...inAutogen, name: 'n0' })).toBe('ok');
  for (const command of [create('more'), query('more'), subscribe('more')]) expect(at.say(command)).toBe('ok');
});

test('C36: names, texts and addresses have bounds', () => {
  const on = withUser();
  const long = 'ä'.repeat(128);
  const subscribe = (name: string, destinations: readonly string[]): string => on.say({ kind: 'createSubscription', database: 'a', retentionPolicy: 'autogen', name, mode: 'ANY', destinations });
  expect(on.say(create(long))).toBe('name too long');
  expect(on.say(create(long.slice(1)))).toBe('ok');
  expect(on.say({ kind: 'createContinuousQuery', database: 'a', name: long, query: 'x' })).toBe('name too long');
  expect(on.say({ kind: 'createContinuousQuery', database: 'a', name: 'q', query: 'x'.repeat(65_537) })).toMatch(/^a continuous query has at most 65536 bytes/);
  expect(subscribe(long, ['udp://h:9'])).toBe('name too long');
  expect(subscribe('s', Array.from({ length: 101 }, () => 'udp://h:9'))).toBe('a subscription has at most 100 destinations');
  expect(subscribe('s', [`http://h:9/${'x'.repeat(2_000)}`])).toBe('a destination has at most 2000 characters');
  expect(subscribe('s', ['HTTP://h:9', 'http://:9', 'udp://[::1]:9'])).toBe('ok');
});
