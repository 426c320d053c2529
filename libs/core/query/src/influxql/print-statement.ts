import type { DatabaseStatement, Privilege, RetentionPolicyClauses, Statement } from './ast.ts';
import { formatDuration } from './duration.ts';
import { formatFrom, formatSelect, formatWhere, joinClauses } from './print-select.ts';
import { formatShow } from './print-show.ts';
import { quoteIdentifier as quoted, quoteString } from './quote.ts';

/**
 * A statement as a query can say it, in InfluxDB's spelling: keywords in capitals, names quoted where they must be.
 * Parsing the text gives the same statement, but for passwords, which are not printed.
 */
export function formatStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'select':
      return formatSelect(statement);
    case 'explain':
      return joinClauses('EXPLAIN', statement.isAnalyze ? 'ANALYZE' : undefined, formatSelect(statement.statement));
    case 'delete':
      return joinClauses('DELETE', formatFrom(statement.sources), formatWhere(statement.condition));
    case 'dropSeries':
      return joinClauses('DROP SERIES', formatFrom(statement.sources), formatWhere(statement.condition));
    case 'createDatabase':
    case 'dropDatabase':
    case 'createRetentionPolicy':
    case 'alterRetentionPolicy':
    case 'dropRetentionPolicy':
    case 'dropMeasurement':
    case 'dropShard':
      return formatDatabaseStatement(statement);
    case 'createContinuousQuery': {
      const { name, database, resampleEveryNs, resampleForNs } = statement;
      const isResampled = resampleEveryNs !== undefined || resampleForNs !== undefined;
      return joinClauses(
        `CREATE CONTINUOUS QUERY ${quoted(name)} ON ${quoted(database)}`,
        isResampled ? 'RESAMPLE' : undefined,
        formatDurationClause('EVERY', resampleEveryNs),
        formatDurationClause('FOR', resampleForNs),
        `BEGIN ${formatSelect(statement.statement)} END`,
      );
    }
    case 'dropContinuousQuery':
      return `DROP CONTINUOUS QUERY ${quoted(statement.name)} ON ${quoted(statement.database)}`;
    case 'createSubscription': {
      const { name, database, retentionPolicy, mode, destinations } = statement;
      const policy = `${quoted(database)}.${quoted(retentionPolicy)}`;
      return `CREATE SUBSCRIPTION ${quoted(name)} ON ${policy} DESTINATIONS ${mode} ${destinations.map(quoteString).join(', ')}`;
    }
    case 'dropSubscription':
      return `DROP SUBSCRIPTION ${quoted(statement.name)} ON ${quoted(statement.database)}.${quoted(statement.retentionPolicy)}`;
    case 'createUser':
      return `CREATE USER ${quoted(statement.name)} WITH PASSWORD [REDACTED]${statement.isAdmin ? ' WITH ALL PRIVILEGES' : ''}`;
    case 'setPassword':
      return `SET PASSWORD FOR ${quoted(statement.name)} = [REDACTED]`;
    case 'dropUser':
      return `DROP USER ${quoted(statement.name)}`;
    case 'grant':
      return `GRANT ${formatPrivilege(statement.privilege)} ON ${quoted(statement.database)} TO ${quoted(statement.user)}`;
    case 'revoke':
      return `REVOKE ${formatPrivilege(statement.privilege)} ON ${quoted(statement.database)} FROM ${quoted(statement.user)}`;
    case 'grantAdmin':
      return `GRANT ALL PRIVILEGES TO ${quoted(statement.user)}`;
    case 'revokeAdmin':
      return `REVOKE ALL PRIVILEGES FROM ${quoted(statement.user)}`;
    case 'killQuery':
      return joinClauses(`KILL QUERY ${statement.queryId}`, statement.host && `ON ${quoted(statement.host)}`);
    default:
      return formatShow(statement);
  }
}

function formatDatabaseStatement(statement: DatabaseStatement): string {
  switch (statement.kind) {
    case 'createDatabase': {
      const { name, retentionPolicy } = statement;
      const clauses = retentionPolicy && ['WITH', ...policyClauses(retentionPolicy), retentionPolicy.name && `NAME ${quoted(retentionPolicy.name)}`];
      return joinClauses(`CREATE DATABASE ${quoted(name)}`, ...(clauses ?? []));
    }
    case 'dropDatabase':
      return `DROP DATABASE ${quoted(statement.name)}`;
    case 'createRetentionPolicy':
      return joinClauses(`CREATE RETENTION POLICY ${quoted(statement.name)} ON ${quoted(statement.database)}`, ...policyClauses(statement), formatDefault(statement));
    case 'alterRetentionPolicy':
      return joinClauses(`ALTER RETENTION POLICY ${quoted(statement.name)} ON ${quoted(statement.database)}`, ...policyClauses(statement), formatDefault(statement));
    case 'dropRetentionPolicy':
      return `DROP RETENTION POLICY ${quoted(statement.name)} ON ${quoted(statement.database)}`;
    case 'dropMeasurement':
      return `DROP MEASUREMENT ${quoted(statement.name)}`;
    case 'dropShard':
      return `DROP SHARD ${statement.id}`;
  }
}

function policyClauses({ durationNs, replicaCount, shardDurationNs }: RetentionPolicyClauses): readonly (string | undefined)[] {
  return [
    formatDurationClause('DURATION', durationNs),
    replicaCount === undefined ? undefined : `REPLICATION ${replicaCount}`,
    formatDurationClause('SHARD DURATION', shardDurationNs),
  ];
}

function formatDurationClause(keyword: string, ns: bigint | undefined): string | undefined {
  return ns === undefined ? undefined : `${keyword} ${formatDuration(ns)}`;
}

function formatDefault({ isDefault }: { readonly isDefault: boolean }): string | undefined {
  return isDefault ? 'DEFAULT' : undefined;
}

function formatPrivilege(privilege: Privilege): string {
  return privilege === 'ALL' ? 'ALL PRIVILEGES' : privilege;
}
