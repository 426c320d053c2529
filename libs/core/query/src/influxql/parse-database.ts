import type { DatabaseStatement, RetentionPolicyClauses } from './ast.ts';
import { parseDurationClause, parseDurationOrInf, parseIdentifier, parseNameOnDatabase, parseOptionalName, parseReplicaCount } from './parse-names.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind CREATE DATABASE; so with every function of this file. */
export function parseCreateDatabase(stream: TokenStream): DatabaseStatement {
  const name = parseIdentifier(stream);
  return { kind: 'createDatabase', name, retentionPolicy: stream.accept('WITH') ? parsePolicyOfDatabase(stream) : undefined };
}

/** At least one of the clauses, in this order. */
function parsePolicyOfDatabase(stream: TokenStream): PolicyOfDatabase | undefined {
  if (!['DURATION', 'NAME', 'REPLICATION', 'SHARD'].includes(stream.peek().kind)) {
    stream.failExpected(['DURATION', 'NAME', 'REPLICATION', 'SHARD']);
  }
  const policy: PolicyOfDatabase = {
    durationNs: stream.accept('DURATION') ? parseDurationOrInf(stream) : undefined,
    replicaCount: stream.accept('REPLICATION') ? parseReplicaCount(stream) : undefined,
    shardDurationNs: stream.accept('SHARD') ? parseShardDuration(stream, parseDurationOrInf) : undefined,
    name: stream.accept('NAME') ? parseOptionalName(stream) : undefined,
  };
  return Object.values(policy).every((option) => option === undefined) ? undefined : policy;
}

type PolicyOfDatabase = RetentionPolicyClauses & { readonly name: string | undefined };

export function parseCreateRetentionPolicy(stream: TokenStream): DatabaseStatement {
  const { name, database } = parseNameOnDatabase(stream);
  stream.expect('DURATION');
  const durationNs = parseDurationOrInf(stream);
  stream.expect('REPLICATION');
  const replicaCount = parseReplicaCount(stream);
  // 0s is the usual one of the duration, as without the clause, and InfluxDB does not print it.
  const shardDurationNs = (stream.accept('SHARD') ? parseShardDuration(stream, parseFiniteDuration) : undefined) || undefined;
  return { kind: 'createRetentionPolicy', name, database, durationNs, replicaCount, shardDurationNs, isDefault: stream.accept('DEFAULT') };
}

export function parseAlterRetentionPolicy(stream: TokenStream): DatabaseStatement {
  const name = stream.accept('DEFAULT') ? 'default' : parseIdentifier(stream);
  stream.expect('ON');
  return { kind: 'alterRetentionPolicy', name, database: parseIdentifier(stream), ...parseChanges(stream) };
}

/** At least one of the clauses, each at most once, in any order. */
function parseChanges(stream: TokenStream): RetentionPolicyClauses & { readonly isDefault: boolean } {
  let changes: Partial<RetentionPolicyClauses & { readonly isDefault: boolean }> = {};
  const seen = new Set<string>();
  for (let token = stream.peek(); ; token = stream.peek()) {
    if (seen.has(token.kind)) stream.failAt(`found duplicate ${token.kind} option`, token);
    const change = parseChange(stream);
    if (change === undefined) break;
    changes = { ...changes, ...change };
    seen.add(token.kind);
  }
  if (seen.size === 0) stream.failExpected(['DURATION', 'REPLICATION', 'SHARD', 'DEFAULT']);
  return { durationNs: undefined, replicaCount: undefined, shardDurationNs: undefined, isDefault: false, ...changes };
}

function parseChange(stream: TokenStream): Partial<RetentionPolicyClauses & { readonly isDefault: boolean }> | undefined {
  if (stream.accept('DURATION')) return { durationNs: parseDurationOrInf(stream) };
  if (stream.accept('REPLICATION')) return { replicaCount: parseReplicaCount(stream) };
  if (stream.accept('SHARD')) return { shardDurationNs: parseShardDuration(stream, parseFiniteDuration) };
  return stream.accept('DEFAULT') ? { isDefault: true } : undefined;
}

/** `DURATION …` behind SHARD. */
function parseShardDuration(stream: TokenStream, parse: (stream: TokenStream) => bigint): bigint {
  stream.expect('DURATION');
  return parse(stream);
}

function parseFiniteDuration(stream: TokenStream): bigint {
  const token = stream.peek();
  if (stream.accept('INF')) stream.failAt('invalid duration INF for shard duration', token);
  return parseDurationClause(stream);
}
