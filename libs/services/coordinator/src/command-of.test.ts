import { decodeCommand, encodeCommand } from '@varve/model';
import type { PasswordHasher } from '@varve/ports';
import { parseQuery, type Statement } from '@varve/query';
import { expect, test } from 'vitest';
import { commandOf } from './command-of.ts';
import { loggableReason, loggableText } from './secret-statements.ts';

const passwords: PasswordHasher = { hash: async (password) => `hash of ${password.length}`, verify: async () => false };

function parsed(text: string): readonly Statement[] {
  const query = parseQuery(text);
  if (query.kind === 'error') throw new Error(query.message);
  return query.statements;
}

const inAutogen = { database: 'd', retentionPolicy: 'autogen' };
const ofUser = { grantee: 'user', name: 'u', database: 'd' };

test.each([
  [`CREATE USER u WITH PASSWORD 'secret'`, { kind: 'createUser', name: 'u', passwordHash: 'hash of 6', isAdmin: false }],
  [`CREATE USER u WITH PASSWORD '' WITH ALL PRIVILEGES`, { kind: 'createUser', name: 'u', passwordHash: 'hash of 0', isAdmin: true }],
  [`SET PASSWORD FOR u = 'secret'`, { kind: 'setPassword', name: 'u', passwordHash: 'hash of 6' }],
  ['DROP USER u', { kind: 'dropUser', name: 'u' }],
  ['GRANT ALL PRIVILEGES TO u', { kind: 'setAdmin', name: 'u', isAdmin: true }],
  ['REVOKE ALL FROM u', { kind: 'setAdmin', name: 'u', isAdmin: false }],
  ['GRANT READ ON d TO u', { kind: 'grantPrivilege', ...ofUser, privilege: 'read' }],
  ['GRANT ALL ON d TO u', { kind: 'grantPrivilege', ...ofUser, privilege: 'all' }],
  ['REVOKE WRITE ON d FROM u', { kind: 'revokePrivilege', ...ofUser, privilege: 'write' }],
  ['CREATE CONTINUOUS QUERY q ON d BEGIN SELECT v INTO t FROM m END', { kind: 'createContinuousQuery', database: 'd', name: 'q', query: 'CREATE CONTINUOUS QUERY q ON d BEGIN SELECT v INTO t FROM m END' }],
  ['DROP CONTINUOUS QUERY q ON d', { kind: 'dropContinuousQuery', database: 'd', name: 'q' }],
  [`CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ANY 'udp://h:1', 'udp://h:2'`, { kind: 'createSubscription', ...inAutogen, name: 's', mode: 'ANY', destinations: ['udp://h:1', 'udp://h:2'] }],
  ['DROP SUBSCRIPTION s ON d.autogen', { kind: 'dropSubscription', ...inAutogen, name: 's' }],
  ['DROP SHARD 12', { kind: 'dropShard', shard: 12 }],
  ['DROP SHARD 18446744073709551615', { kind: 'dropShard', shard: Number.MAX_SAFE_INTEGER }],
  ['DROP DATABASE d', { kind: 'dropDatabase', name: 'd' }],
  ['DROP RETENTION POLICY autogen ON d', { kind: 'dropRetentionPolicy', database: 'd', name: 'autogen' }],
])('%s is a command that can be sent', async (text, command) => {
  const made = await commandOf(parsed(text)[0]!, passwords);
  expect(made).toMatchObject(command);
  expect(decodeCommand(encodeCommand(made!))).toEqual(command);
});

test('a statement that is no command is none', async () => {
  for (const text of ['SHOW USERS', 'SELECT v FROM m', 'KILL QUERY 1']) expect(await commandOf(parsed(text)[0]!, passwords)).toBeUndefined();
});

test('C37: a text with a password in it is logged as its statements are printed, any other as it was sent', () => {
  const plain = 'select  v from m where x = \'secret\'; DROP USER u';
  expect(loggableText(plain, parsed(plain))).toBe(plain);
  const odd = `CREATE USER "a b" WITH/* secret */PASSWORD 'secret';  drop user u; SET PASSWORD FOR u='secret'`;
  expect(loggableText(odd, parsed(odd))).toBe('CREATE USER "a b" WITH PASSWORD [REDACTED]; DROP USER u; SET PASSWORD FOR u = [REDACTED]');
  const address = `CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ALL 'http://u:secret@h:1', 'udp://h:2'`;
  expect(loggableText(address, parsed(address))).toBe(`CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ALL 'http://[redacted]@h:1', 'udp://h:2'`);
  expect(loggableReason('invalid subscription URL: http://u:secret@h', parsed(address)[0]!)).not.toContain('secret');
  expect(loggableReason('user not found', parsed('DROP USER u')[0]!)).toBe('user not found');
});
