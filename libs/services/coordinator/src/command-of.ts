import type { CatalogCommand } from '@varve/model';
import type { PasswordHasher } from '@varve/ports';
import { formatStatement, type Statement } from '@varve/query';

/** The catalog command that a statement is; undefined when it is none. Passwords leave this process as hashes only (C37). */
export async function commandOf(statement: Statement, passwords: PasswordHasher): Promise<CatalogCommand | undefined> {
  switch (statement.kind) {
    case 'createUser':
      return { kind: 'createUser', name: statement.name, passwordHash: await passwords.hash(statement.password), isAdmin: statement.isAdmin };
    case 'setPassword':
      return { kind: 'setPassword', name: statement.name, passwordHash: await passwords.hash(statement.password) };
    default:
      return accessCommandOf(statement) ?? databaseCommandOf(statement);
  }
}

function accessCommandOf(statement: Statement): CatalogCommand | undefined {
  switch (statement.kind) {
    case 'dropUser':
      return { kind: 'dropUser', name: statement.name };
    case 'grantAdmin':
      return { kind: 'setAdmin', name: statement.user, isAdmin: true };
    case 'revokeAdmin':
      return { kind: 'setAdmin', name: statement.user, isAdmin: false };
    case 'grant':
      return { kind: 'grantPrivilege', ...grantOf(statement) };
    case 'revoke':
      return { kind: 'revokePrivilege', ...grantOf(statement) };
    default:
      return undefined;
  }
}

type Grant = Extract<Statement, { readonly kind: 'grant' | 'revoke' }>;
const PRIVILEGES = { READ: 'read', WRITE: 'write', ALL: 'all' } as const;

function grantOf({ user: name, database, privilege }: Grant) {
  return { grantee: 'user', name, database, privilege: PRIVILEGES[privilege] } as const;
}

function databaseCommandOf(statement: Statement): CatalogCommand | undefined {
  switch (statement.kind) {
    case 'createDatabase':
      return { kind: 'createDatabase', name: statement.name, retentionPolicy: statement.retentionPolicy };
    case 'dropDatabase':
      return { kind: 'dropDatabase', name: statement.name };
    case 'createRetentionPolicy': {
      const { database, isDefault, name, durationNs, replicaCount, shardDurationNs } = statement;
      return { kind: 'createRetentionPolicy', database, isDefault, options: { name, durationNs, replicaCount, shardDurationNs } };
    }
    case 'alterRetentionPolicy': {
      const { database, isDefault, name, durationNs, replicaCount, shardDurationNs } = statement;
      return { kind: 'alterRetentionPolicy', database, name, isDefault, changes: { durationNs, replicaCount, shardDurationNs } };
    }
    case 'dropRetentionPolicy':
      return { kind: 'dropRetentionPolicy', database: statement.database, name: statement.name };
    case 'createContinuousQuery':
      return { kind: 'createContinuousQuery', database: statement.database, name: statement.name, query: formatStatement(statement) };
    case 'createSubscription':
    case 'dropContinuousQuery':
    case 'dropSubscription':
      return statement; // As the parser has it, it is the command.
    case 'dropShard':
      // No id is as great as the greatest number that is exact: whatever is above it names no shard either.
      return { kind: 'dropShard', shard: Math.min(Number(statement.id), Number.MAX_SAFE_INTEGER) };
    default:
      return undefined;
  }
}
