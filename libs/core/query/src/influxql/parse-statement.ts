import type { KillQueryStatement, Statement } from './ast.ts';
import { parseCreateContinuousQuery } from './parse-continuous-query.ts';
import { parseAlterRetentionPolicy, parseCreateDatabase, parseCreateRetentionPolicy } from './parse-database.ts';
import { parseDelete } from './parse-delete.ts';
import { parseIdentifier, parseNameOnDatabase, parseOptionalName, parseUint64 } from './parse-names.ts';
import { parseExplain, parseSelect } from './parse-select.ts';
import {
  parseShowFieldKeys,
  parseShowGrants,
  parseShowKeyCardinality,
  parseShowMeasurementCardinality,
  parseShowMeasurements,
  parseShowModule,
  parseShowRetentionPolicies,
  parseShowSeries,
  parseShowTagKeys,
  parseShowTagValues,
} from './parse-show.ts';
import { parseCreateSubscription, parseDropSubscription } from './parse-subscription.ts';
import { parseCreateUser, parseGrant, parseRevoke, parseSetPassword } from './parse-user.ts';
import type { TokenStream } from './token-stream.ts';
import type { Keyword } from './token.ts';

/** Parses one statement by its first keywords; undefined, and a failure, when they start none. */
export function parseStatement(stream: TokenStream): Statement | undefined {
  let branch: Branch = LANGUAGE;
  for (;;) {
    const { kind, text } = stream.peek();
    const next = Object.hasOwn(branch, kind) ? branch[kind as Keyword] : undefined;
    if (next === undefined && branch === SHOW && kind === 'IDENT' && text.toUpperCase() === 'SERVERS') {
      stream.next();
      return { kind: 'showServers' }; // Enterprise's: no keyword in 1.x, and not in the list of what is expected.
    }
    if (next === undefined) {
      stream.failExpected(Object.keys(branch));
      return undefined;
    }
    stream.next();
    if (typeof next === 'function') return next(stream);
    branch = next;
  }
}

/** What may follow some keywords: more of them, or the rest of a statement. In the order in which an error lists them. */
type Branch = { readonly [Word in Keyword]?: Branch | ((stream: TokenStream) => Statement) };

const SHOW: Branch = {
  CONTINUOUS: { QUERIES: () => ({ kind: 'showContinuousQueries' }) },
  DATABASES: () => ({ kind: 'showDatabases' }),
  DIAGNOSTICS: (stream) => parseShowModule(stream, 'showDiagnostics'),
  FIELD: { KEY: (stream) => parseShowKeyCardinality(stream, 'showFieldKeyCardinality'), KEYS: parseShowFieldKeys },
  GRANTS: { FOR: parseShowGrants },
  MEASUREMENT: {
    EXACT: (stream) => parseShowMeasurementCardinality(stream, true),
    CARDINALITY: (stream) => parseShowMeasurementCardinality(stream, false),
  },
  MEASUREMENTS: parseShowMeasurements,
  QUERIES: () => ({ kind: 'showQueries' }),
  RETENTION: { POLICIES: parseShowRetentionPolicies },
  SERIES: parseShowSeries,
  SHARD: { GROUPS: () => ({ kind: 'showShardGroups' }) },
  SHARDS: () => ({ kind: 'showShards' }),
  STATS: (stream) => parseShowModule(stream, 'showStats'),
  SUBSCRIPTIONS: () => ({ kind: 'showSubscriptions' }),
  TAG: {
    KEY: (stream) => parseShowKeyCardinality(stream, 'showTagKeyCardinality'),
    KEYS: parseShowTagKeys,
    VALUES: parseShowTagValues,
  },
  USERS: () => ({ kind: 'showUsers' }),
};

const CREATE: Branch = {
  CONTINUOUS: { QUERY: parseCreateContinuousQuery },
  DATABASE: parseCreateDatabase,
  USER: parseCreateUser,
  RETENTION: { POLICY: parseCreateRetentionPolicy },
  SUBSCRIPTION: parseCreateSubscription,
};

const DROP: Branch = {
  CONTINUOUS: { QUERY: (stream) => ({ kind: 'dropContinuousQuery', ...parseNameOnDatabase(stream) }) },
  DATABASE: (stream) => ({ kind: 'dropDatabase', name: parseIdentifier(stream) }),
  MEASUREMENT: (stream) => ({ kind: 'dropMeasurement', name: parseIdentifier(stream) }),
  RETENTION: { POLICY: (stream) => ({ kind: 'dropRetentionPolicy', ...parseNameOnDatabase(stream) }) },
  SERIES: (stream) => parseDelete(stream, 'dropSeries'),
  SHARD: (stream) => ({ kind: 'dropShard', id: parseUint64(stream) }),
  SUBSCRIPTION: parseDropSubscription,
  USER: (stream) => ({ kind: 'dropUser', name: parseIdentifier(stream) }),
};

const LANGUAGE: Branch = {
  SELECT: parseSelect,
  DELETE: (stream) => parseDelete(stream, 'delete'),
  SHOW,
  CREATE,
  DROP,
  EXPLAIN: parseExplain,
  GRANT: parseGrant,
  REVOKE: parseRevoke,
  ALTER: { RETENTION: { POLICY: parseAlterRetentionPolicy } },
  SET: { PASSWORD: { FOR: parseSetPassword } },
  KILL: { QUERY: parseKillQuery },
};

function parseKillQuery(stream: TokenStream): KillQueryStatement {
  return { kind: 'killQuery', queryId: parseUint64(stream), host: stream.accept('ON') ? parseOptionalName(stream) : undefined };
}
