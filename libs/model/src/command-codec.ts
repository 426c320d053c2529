import { NODE_ROLES, PRIVILEGES, SUBSCRIPTION_MODES } from './catalog.ts';
import {
  CATALOG_REJECTIONS,
  GRANTEES,
  type CatalogCommand,
  type CommandResult,
  type RetentionPolicyOptions,
} from './catalog-command.ts';
import { FIELD_TYPES } from './column.ts';
import {
  bigintText,
  bytesToJson,
  count,
  flag,
  fromJson,
  listOf,
  mapOf,
  oneOf,
  optional,
  record,
  tagged,
  text,
  toBytes,
  wallMs,
} from './json-codec.ts';
import { READ_LEVELS, WRITE_LEVELS } from './levels.ts';

/** What a command answered; catalogs hold answers too. */
export const resultCodec = tagged<CommandResult>({
  applied: {
    id: optional(count),
    floorMs: optional(wallMs),
    ceilingMs: optional(wallMs),
    conflictCount: optional(count),
    untilMs: optional(wallMs),
    epoch: optional(count),
    groupCount: optional(count),
  },
  rejected: { reason: oneOf(CATALOG_REJECTIONS), message: text },
});

const labels = mapOf(text, text);
const optionalSettings = {
  durationNs: optional(bigintText),
  shardDurationNs: optional(bigintText),
  replicaCount: optional(count),
  writeLevel: optional(oneOf(WRITE_LEVELS)),
  readLevel: optional(oneOf(READ_LEVELS)),
  futureLimitNs: optional(bigintText),
  pastLimitNs: optional(bigintText),
};
const inPolicy = { database: text, retentionPolicy: text };
const privilegeOf = { grantee: oneOf(GRANTEES), name: text, database: text, privilege: oneOf(PRIVILEGES) };
const leaseFor = { name: text, holder: text, durationMs: count };

const commandCodec = tagged<CatalogCommand>({
  joinNode: { role: oneOf(NODE_ROLES), name: text, labels: optional(labels), featureLevel: optional(count) },
  labelNode: { node: count, labels },
  leaveNode: { node: count, isCancelled: optional(flag) },
  removeNode: { node: count, isForced: optional(flag) },
  replaceNode: { node: count, newcomer: count },
  createDatabase: { name: text, retentionPolicy: optional(record({ name: optional(text), ...optionalSettings })) },
  dropDatabase: { name: text },
  createRetentionPolicy: {
    database: text,
    options: record<RetentionPolicyOptions>({ name: text, ...optionalSettings, durationNs: bigintText }),
    isDefault: flag,
  },
  alterRetentionPolicy: { database: text, name: text, changes: record(optionalSettings), isDefault: flag },
  dropRetentionPolicy: { database: text, name: text },
  createShardGroups: { ...inPolicy, timesNs: listOf(bigintText) },
  dropShardGroups: { ...inPolicy, groupIds: listOf(count) },
  dropShard: { shard: count },
  truncateShardGroups: { atNs: bigintText },
  setShardOwners: { ...inPolicy, shard: count, epoch: count, owners: listOf(count) },
  enforceRetention: { nowMs: wallMs },
  precreateShardGroups: { aheadMs: count },
  registerFields: { ...inPolicy, fields: listOf(record({ measurement: text, field: text, type: oneOf(FIELD_TYPES) })) },
  dropMeasurement: { database: text, measurement: text },
  finishMeasurementDrop: { database: text, measurement: text, drop: count },
  createContinuousQuery: { database: text, name: text, query: text },
  dropContinuousQuery: { database: text, name: text },
  createSubscription: { ...inPolicy, name: text, mode: oneOf(SUBSCRIPTION_MODES), destinations: listOf(text) },
  dropSubscription: { ...inPolicy, name: text },
  createUser: { name: text, passwordHash: text, isAdmin: flag },
  dropUser: { name: text },
  setPassword: { name: text, passwordHash: text },
  setAdmin: { name: text, isAdmin: flag },
  createRole: { name: text },
  dropRole: { name: text },
  setRoleMember: { role: text, user: text, isMember: flag },
  grantPrivilege: privilegeOf,
  revokePrivilege: privilegeOf,
  openIncarnation: { holder: text, nowMs: wallMs, leaseMs: count },
  renewIncarnation: { incarnation: count, ceilingMs: wallMs },
  closeIncarnation: { incarnation: count, ceilingMs: optional(wallMs) },
  acquireLease: leaseFor,
  renewLease: leaseFor,
  releaseLease: { name: text, holder: text },
  openSession: { proposer: text },
  setSetting: { key: text, value: optional(text) },
  reportFeatureLevel: { member: text, level: count },
  raiseFeatureLevel: { level: count },
});

/** A command as UTF-8 JSON. */
export function encodeCommand(value: CatalogCommand): Uint8Array {
  return toBytes(commandCodec, value);
}

/** Checks everything but what depends on the catalog. @throws DbError MESSAGE_INVALID */
export function decodeCommand(bytes: Uint8Array): CatalogCommand {
  return fromJson(commandCodec, bytesToJson(bytes), 'command');
}

/** What applying answered, as UTF-8 JSON. */
export function encodeCommandResult(value: CommandResult): Uint8Array {
  return toBytes(resultCodec, value);
}

/** @throws DbError MESSAGE_INVALID */
export function decodeCommandResult(bytes: Uint8Array): CommandResult {
  return fromJson(resultCodec, bytesToJson(bytes), 'result');
}
