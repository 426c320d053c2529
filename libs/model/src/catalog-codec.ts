import { DbError } from '@varve/base';
import {
  EMPTY_CATALOG,
  HELD_PRIVILEGES,
  NODE_ROLES,
  SUBSCRIPTION_MODES,
  type Catalog,
  type ClusterNode,
  type ContinuousQuery,
  type Database,
  type Incarnation,
  type Lease,
  type RetentionPolicy,
  type Role,
  type Session,
  type SessionAnswer,
  type Shard,
  type ShardGroup,
  type Subscription,
  type User,
} from './catalog.ts';
import type { CommandResult } from './catalog-command.ts';
import { SETTING_KEYS } from './catalog-settings.ts';
import { FIELD_TYPES } from './column.ts';
import { resultCodec } from './command-codec.ts';
import {
  bigintText,
  bytesToJson,
  count,
  flag,
  fromJson,
  keyedBy,
  listOf,
  mapOf,
  oneOf,
  optional,
  record,
  shared,
  text,
  wallMs,
} from './json-codec.ts';
import { READ_LEVELS, WRITE_LEVELS } from './levels.ts';
import { sharedOwners, sharedRange } from './shared-values.ts';
import type { TimeRange } from './time.ts';

/**
 * The catalog as JSON: one form for the bus and the snapshot. JSON because people read it and metadata is small. Times are
 * decimal text, Maps are lists. What format 2 added is absent or empty in format 1, and recentRequests were its sessions.
 */
const CATALOG_FORMAT = 2;

const privileges = mapOf(text, oneOf(HELD_PRIVILEGES));
const fieldTypes = mapOf(text, mapOf(text, oneOf(FIELD_TYPES)));
const node = record<ClusterNode>({
  id: count,
  role: oneOf(NODE_ROLES),
  name: text,
  labels: optional(mapOf(text, text)),
  isLeaving: optional(flag),
  featureLevel: optional(count),
});
const shard = record<Shard>({ id: count, owners: shared(listOf(count), sharedOwners), epoch: count });
const shardGroup = record<ShardGroup>({
  id: count,
  range: shared(record<TimeRange>({ startNs: bigintText, endNs: bigintText }), sharedRange),
  cutFromNs: optional(bigintText),
  replicaCount: count,
  shards: listOf(shard),
});
const subscription = record<Subscription>({
  name: text,
  mode: oneOf(SUBSCRIPTION_MODES),
  destinations: listOf(text),
});
const retentionPolicy = record<RetentionPolicy>({
  id: count,
  name: text,
  durationNs: bigintText,
  shardDurationNs: bigintText,
  replicaCount: count,
  writeLevel: oneOf(WRITE_LEVELS),
  readLevel: oneOf(READ_LEVELS),
  futureLimitNs: optional(bigintText),
  pastLimitNs: optional(bigintText),
  subscriptions: optional(keyedBy(nameOf, subscription)),
  shardGroups: listOf(shardGroup),
  measurements: fieldTypes,
  dropping: optional(mapOf(text, count)),
});
const database = record<Database>({
  id: count,
  name: text,
  defaultRetentionPolicy: text,
  retentionPolicies: keyedBy(nameOf, retentionPolicy),
  continuousQueries: optional(keyedBy(nameOf, record<ContinuousQuery>({ name: text, query: text }))),
});
const session = record<Session>({
  id: count,
  proposer: text,
  lastUsedMs: wallMs,
  ackedSeq: count,
  answers: listOf(record<SessionAnswer>({ seq: count, result: resultCodec })),
});

const beforeDatabases = { format: count, version: count, nodes: keyedBy(idOf, node) };
const behindDatabases = {
  incarnations: keyedBy(
    idOf,
    record<Incarnation>({ id: count, holder: text, ceilingMs: wallMs, isOpen: flag }),
  ),
  nextId: count,
  ceilingMs: wallMs,
};
const inEveryFormat = { ...beforeDatabases, databases: keyedBy(nameOf, database), ...behindDatabases };
const sinceFormat2 = {
  users: keyedBy(nameOf, record<User>({ name: text, passwordHash: text, isAdmin: flag, privileges })),
  roles: keyedBy(nameOf, record<Role>({ name: text, members: listOf(text), privileges })),
  leases: keyedBy(nameOf, record<Lease>({ id: count, name: text, holder: text, untilMs: wallMs })),
  settings: mapOf(oneOf(SETTING_KEYS), text),
  featureLevel: count,
  featureReports: mapOf(text, count),
  clockMs: wallMs,
  sessions: listOf(session),
  earlierRequests: mapOf(text, resultCodec),
};
const catalog = record<Catalog & { readonly format: number }>({ ...inEveryFormat, ...sinceFormat2 });
const catalogHead = record<Pick<Catalog, 'version' | 'nodes'> & { readonly format: number }>(beforeDatabases);
const catalogTail = record<Omit<Catalog, 'version' | 'nodes' | 'databases'>>({ ...behindDatabases, ...sinceFormat2 });

type Format1 = Pick<Catalog, 'version' | 'nodes' | 'databases' | 'incarnations' | 'nextId' | 'ceilingMs'> & {
  readonly format: number;
  readonly recentRequests: ReadonlyMap<string, CommandResult>;
};
const catalogOfFormat1 = record<Format1>({ ...inEveryFormat, recentRequests: mapOf(text, resultCodec) });

/** The catalog as UTF-8 JSON. */
export function encodeCatalog(value: Catalog): Uint8Array {
  return new TextEncoder().encode([...catalogPieces(value)].join(''));
}

/** The same text in pieces, made one after the other: a large catalog takes longer than a service may stand still. */
export function* catalogPieces(value: Catalog): Generator<string> {
  let piece = `${JSON.stringify(catalogHead.toJson({ format: CATALOG_FORMAT, ...value })).slice(0, -1)},"databases":[`;
  let separator = '';
  for (const each of value.databases.values()) {
    piece += separator + JSON.stringify(database.toJson(each));
    separator = ',';
    if (piece.length < PIECE_LENGTH_MIN) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}],${JSON.stringify(catalogTail.toJson(value)).slice(1)}`;
}

const PIECE_LENGTH_MIN = 64 * 1024;

/** One database of the catalog as JSON, for a store that keeps each by itself. */
export function databaseToText(value: Database): string {
  return JSON.stringify(database.toJson(value));
}

/** Reads what {@link databaseToText} wrote. @throws DbError MESSAGE_INVALID with the place in the document */
export function databaseFromText(document: string): Database {
  return fromJson(database, bytesToJson(new TextEncoder().encode(document)), 'database');
}

/** Reads this format and the one of 0.1.0. @throws DbError STORAGE_NEWER_FORMAT, MESSAGE_INVALID with the place in the document */
export function decodeCatalog(bytes: Uint8Array): Catalog {
  const json = bytesToJson(bytes);
  const given = typeof json === 'object' && json !== null ? (Reflect.get(json, 'format') as unknown) : undefined;
  if (typeof given === 'number' && given > CATALOG_FORMAT) {
    throw new DbError(
      'STORAGE_NEWER_FORMAT',
      `the catalog has format ${given}, this node knows up to ${CATALOG_FORMAT}`,
    );
  }
  if (given === 1) return fromFormat1(fromJson(catalogOfFormat1, json, 'catalog'));
  const { format: _, ...value } = fromJson(catalog, json, 'catalog');
  return value;
}

function fromFormat1({ format: _, recentRequests, ...kept }: Format1): Catalog {
  return { ...EMPTY_CATALOG, ...kept, earlierRequests: recentRequests };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

function idOf({ id }: { readonly id: number }): number {
  return id;
}
