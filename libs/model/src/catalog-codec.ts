import { DbError } from '@varve/base';
import {
  CATALOG_REJECTIONS,
  type Catalog,
  type CatalogCommand,
  type ClusterNode,
  type CommandResult,
  type Database,
  type Incarnation,
  type NodeRole,
  type RetentionPolicy,
  type RetentionPolicyOptions,
  type Shard,
  type ShardGroup,
} from './catalog.ts';
import type { FieldType } from './column.ts';
import {
  bigintText,
  count,
  flag,
  keyedBy,
  listOf,
  mapOf,
  oneOf,
  optional,
  record,
  tagged,
  text,
  wallMs,
} from './json-codec.ts';
import { READ_LEVELS, WRITE_LEVELS } from './levels.ts';

/**
 * The catalog, its commands and their results as JSON: one form for the bus, the Raft log and the snapshot. JSON because
 * people read it in the audit and metadata is small. Times are decimal text, Maps are lists.
 */
const CATALOG_FORMAT = 1;

const fieldType = oneOf<FieldType>(['float', 'integer', 'string', 'boolean']);
const role = oneOf<NodeRole>(['data', 'repair']);
const node = record<ClusterNode>({ id: count, role, name: text });
const shard = record<Shard>({ id: count, owners: listOf(count), epoch: count });
const shardGroup = record<ShardGroup>({
  id: count,
  range: record({ startNs: bigintText, endNs: bigintText }),
  replicaCount: count,
  shards: listOf(shard),
});
const incarnation = record<Incarnation>({ id: count, holder: text, ceilingMs: wallMs, isOpen: flag });
const settings = {
  durationNs: bigintText,
  shardDurationNs: bigintText,
  replicaCount: count,
  writeLevel: oneOf(WRITE_LEVELS),
  readLevel: oneOf(READ_LEVELS),
};

const retentionPolicy = record<RetentionPolicy>({
  id: count,
  name: text,
  ...settings,
  shardGroups: listOf(shardGroup),
  measurements: mapOf(text, mapOf(text, fieldType)),
});
const database = record<Database>({
  id: count,
  name: text,
  defaultRetentionPolicy: text,
  retentionPolicies: keyedBy(({ name }) => name, retentionPolicy),
});
const result = tagged<CommandResult>({
  applied: {
    id: optional(count),
    floorMs: optional(wallMs),
    ceilingMs: optional(wallMs),
    conflictCount: optional(count),
  },
  rejected: { reason: oneOf(CATALOG_REJECTIONS), message: text },
});
const catalog = record<Catalog & { readonly format: number }>({
  format: count,
  version: count,
  nodes: keyedBy(({ id }) => id, node),
  databases: keyedBy(({ name }) => name, database),
  incarnations: keyedBy(({ id }) => id, incarnation),
  nextId: count,
  ceilingMs: wallMs,
  recentRequests: mapOf(text, result),
});

const optionalSettings = {
  durationNs: optional(bigintText),
  shardDurationNs: optional(bigintText),
  replicaCount: optional(count),
  writeLevel: optional(oneOf(WRITE_LEVELS)),
  readLevel: optional(oneOf(READ_LEVELS)),
};
const command = tagged<CatalogCommand>({
  joinNode: { role, name: text },
  createDatabase: { name: text, retentionPolicy: optional(record({ name: optional(text), ...optionalSettings })) },
  dropDatabase: { name: text },
  createRetentionPolicy: {
    database: text,
    options: record<RetentionPolicyOptions>({ name: text, ...optionalSettings, durationNs: bigintText }),
    isDefault: flag,
  },
  alterRetentionPolicy: { database: text, name: text, changes: record(optionalSettings), isDefault: flag },
  dropRetentionPolicy: { database: text, name: text },
  createShardGroups: { database: text, retentionPolicy: text, timesNs: listOf(bigintText) },
  dropShardGroups: { database: text, retentionPolicy: text, groupIds: listOf(count) },
  registerFields: {
    database: text,
    retentionPolicy: text,
    fields: listOf(record({ measurement: text, field: text, type: fieldType })),
  },
  openIncarnation: { holder: text, nowMs: wallMs, leaseMs: count },
  renewIncarnation: { incarnation: count, ceilingMs: wallMs },
  closeIncarnation: { incarnation: count, ceilingMs: optional(wallMs) },
});

/** The catalog as UTF-8 JSON. */
export function encodeCatalog(value: Catalog): Uint8Array {
  return toBytes(catalog.toJson({ format: CATALOG_FORMAT, ...value }));
}

/** @throws DbError STORAGE_NEWER_FORMAT, MESSAGE_INVALID with the place in the document */
export function decodeCatalog(bytes: Uint8Array): Catalog {
  const json = fromBytes(bytes);
  const given = typeof json === 'object' && json !== null ? (Reflect.get(json, 'format') as unknown) : undefined;
  if (typeof given === 'number' && given > CATALOG_FORMAT) {
    throw new DbError(
      'STORAGE_NEWER_FORMAT',
      `the catalog has format ${given}, this node knows up to ${CATALOG_FORMAT}`,
    );
  }
  const { format: _, ...value } = catalog.fromJson(json, 'catalog');
  return value;
}

/** A command as UTF-8 JSON. */
export function encodeCommand(value: CatalogCommand): Uint8Array {
  return toBytes(command.toJson(value));
}

/** Checks everything but what depends on the catalog. @throws DbError MESSAGE_INVALID */
export function decodeCommand(bytes: Uint8Array): CatalogCommand {
  return command.fromJson(fromBytes(bytes), 'command');
}

/** What applying answered, as UTF-8 JSON. */
export function encodeCommandResult(value: CommandResult): Uint8Array {
  return toBytes(result.toJson(value));
}

/** @throws DbError MESSAGE_INVALID */
export function decodeCommandResult(bytes: Uint8Array): CommandResult {
  return result.fromJson(fromBytes(bytes), 'result');
}

function toBytes(json: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(json));
}

function fromBytes(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new DbError('MESSAGE_INVALID', 'not JSON in UTF-8', {}, { cause: error });
  }
}
