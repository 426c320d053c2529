import type { Privilege, UserStatement } from './ast.ts';
import { parseIdentifier, parseString } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind CREATE USER; so with every function of this file. */
export function parseCreateUser(stream: TokenStream): UserStatement {
  const name = parseIdentifier(stream);
  stream.expect('WITH', 'PASSWORD');
  const password = parseString(stream);
  const isAdmin = stream.accept('WITH');
  if (isAdmin) stream.expect('ALL', 'PRIVILEGES');
  return { kind: 'createUser', name, password, isAdmin };
}

export function parseSetPassword(stream: TokenStream): UserStatement {
  const name = parseIdentifier(stream);
  stream.expect('=');
  return { kind: 'setPassword', name, password: parseString(stream) };
}

export function parseGrant(stream: TokenStream): UserStatement {
  const privilege = parsePrivilege(stream);
  if (stream.accept('ON')) return { kind: 'grant', privilege, ...parseDatabaseAndUser(stream, 'TO') };
  expectUserOfAll(stream, privilege, 'TO');
  return { kind: 'grantAdmin', user: parseIdentifier(stream) };
}

export function parseRevoke(stream: TokenStream): UserStatement {
  const privilege = parsePrivilege(stream);
  if (stream.accept('ON')) return { kind: 'revoke', privilege, ...parseDatabaseAndUser(stream, 'FROM') };
  expectUserOfAll(stream, privilege, 'FROM');
  return { kind: 'revokeAdmin', user: parseIdentifier(stream) };
}

function parsePrivilege(stream: TokenStream): Privilege {
  if (stream.accept('READ')) return 'READ';
  if (stream.accept('WRITE')) return 'WRITE';
  if (!stream.accept('ALL')) stream.failExpected(['READ', 'WRITE', 'ALL [PRIVILEGES]']);
  stream.accept('PRIVILEGES');
  return 'ALL';
}

function parseDatabaseAndUser(stream: TokenStream, preposition: 'TO' | 'FROM'): { readonly database: string; readonly user: string } {
  const database = parseIdentifier(stream);
  stream.expect(preposition);
  return { database, user: parseIdentifier(stream) };
}

/** Without a database there is only ALL. */
function expectUserOfAll(stream: TokenStream, privilege: Privilege, preposition: 'TO' | 'FROM'): void {
  if (privilege !== 'ALL') stream.failExpected(['ON']);
  if (!stream.accept(preposition)) stream.failExpected(['ON', preposition]);
}
