import type { CardinalityScope, KeyMatch, ShowScope, ShowStatement } from './ast.ts';
import { formatRegex } from './print.ts';
import { formatCount, formatDimensions, formatFrom, formatMeasurement, formatOrder, formatWhere, joinClauses } from './print-select.ts';
import { quoteIdentifier, quoteString } from './quote.ts';

/** A SHOW; parsing the text gives the same statement. */
export function formatShow(statement: ShowStatement): string {
  switch (statement.kind) {
    case 'showDatabases':
      return 'SHOW DATABASES';
    case 'showUsers':
      return 'SHOW USERS';
    case 'showQueries':
      return 'SHOW QUERIES';
    case 'showContinuousQueries':
      return 'SHOW CONTINUOUS QUERIES';
    case 'showSubscriptions':
      return 'SHOW SUBSCRIPTIONS';
    case 'showShards':
      return 'SHOW SHARDS';
    case 'showServers':
      return 'SHOW SERVERS';
    case 'showShardGroups':
      return 'SHOW SHARD GROUPS';
    case 'showRetentionPolicies':
      return joinClauses('SHOW RETENTION POLICIES', formatOn(statement.database));
    case 'showGrants':
      return `SHOW GRANTS FOR ${quoteIdentifier(statement.user)}`;
    case 'showStats':
      return joinClauses('SHOW STATS', formatFor(statement.module));
    case 'showDiagnostics':
      return joinClauses('SHOW DIAGNOSTICS', formatFor(statement.module));
    case 'showMeasurements':
      return joinClauses('SHOW MEASUREMENTS', formatOn(statement.database), formatWithMeasurement(statement), ...scopeEnd(statement));
    case 'showSeries':
      return joinClauses('SHOW SERIES', ...scopeStart(statement), ...scopeEnd(statement));
    case 'showTagKeys': {
      const { seriesLimit, seriesOffset } = statement;
      const seriesCounts = [formatCount('SLIMIT', seriesLimit), formatCount('SOFFSET', seriesOffset)];
      return joinClauses('SHOW TAG KEYS', ...scopeStart(statement), ...scopeEnd(statement), ...seriesCounts);
    }
    case 'showTagValues':
      return joinClauses('SHOW TAG VALUES', ...scopeStart(statement), formatKeyMatch(statement.keyMatch), ...scopeEnd(statement));
    case 'showFieldKeys':
      return joinClauses('SHOW FIELD KEYS', ...scopeStart(statement), ...scopeEnd(statement));
    case 'showSeriesCardinality':
      return formatCardinality('SHOW SERIES', statement);
    case 'showMeasurementCardinality':
      return formatCardinality('SHOW MEASUREMENT', statement);
    case 'showTagKeyCardinality':
      return formatCardinality('SHOW TAG KEY', statement);
    case 'showFieldKeyCardinality':
      return formatCardinality('SHOW FIELD KEY', statement);
    case 'showTagValuesCardinality':
      return formatCardinality('SHOW TAG VALUES', statement, formatKeyMatch(statement.keyMatch));
  }
}

type Clauses = readonly (string | undefined)[];

function scopeStart({ database, sources }: Pick<ShowScope, 'database' | 'sources'>): Clauses {
  return [formatOn(database), formatFrom(sources)];
}

function scopeEnd({ condition, order, limit, offset }: ShowScope): Clauses {
  return [formatWhere(condition), formatOrder(order), formatCount('LIMIT', limit), formatCount('OFFSET', offset)];
}

function formatCardinality(what: string, scope: CardinalityScope, keyMatch?: string): string {
  return joinClauses(
    what,
    scope.isExact ? 'EXACT CARDINALITY' : 'CARDINALITY',
    ...scopeStart(scope),
    keyMatch,
    formatWhere(scope.condition),
    formatDimensions(scope.dimensions),
    formatCount('LIMIT', scope.limit),
    formatCount('OFFSET', scope.offset),
  );
}

function formatOn(database: string | undefined): string | undefined {
  return database && `ON ${quoteIdentifier(database)}`;
}

function formatFor(module: string | undefined): string | undefined {
  return module && `FOR ${quoteString(module)}`;
}

function formatWithMeasurement({ sources: [source] }: ShowScope): string | undefined {
  return source && `WITH MEASUREMENT ${source.regex === undefined ? '=' : '=~'} ${formatMeasurement(source)}`;
}

function formatKeyMatch(match: KeyMatch): string {
  switch (match.operator) {
    case '=':
    case '!=':
      return `WITH KEY ${match.operator} ${quoteIdentifier(match.key)}`;
    case '=~':
    case '!~':
      return `WITH KEY ${match.operator} ${formatRegex(match.pattern)}`;
    case 'IN':
      return `WITH KEY IN (${match.keys.map(quoteIdentifier).join(', ')})`;
  }
}
