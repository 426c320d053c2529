import type { CatalogCommand, Grantee, Privilege } from '@varve/model';
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

test('C10: GRANT replaces, REVOKE takes away what it names', () => {
  const on = withUser();
  const change = (kind: 'grantPrivilege' | 'revokePrivilege', privilege: Privilege, to: Grantee = 'user', database = 'a', name = to === 'user' ? 'u' : 'r') =>
    on.say({ kind, grantee: to, name, database, privilege });
  const has = (): Privilege | undefined => on.catalog.users.get('u')!.privileges.get('a');
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
  expect(on.catalog.users.get('u')!.privileges.size).toBe(0);
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
