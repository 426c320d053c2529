import type { TimestampNs, WallMs } from '@varve/base';
import type { NodeRole, Privilege, SubscriptionMode } from './catalog.ts';
import type { FieldType } from './column.ts';
import type { IncarnationId, NodeId, ShardGroupId, ShardId } from './ids.ts';
import type { ReadLevel, WriteLevel } from './levels.ts';

/** Every change to the catalog. Total and deterministic to apply; times come in with the command. */
export type CatalogCommand =
  | NodeCommand
  | DatabaseCommand
  | ShardCommand
  | AccessCommand
  | LeaseCommand
  | ClusterCommand;

/** Who takes part. */
export type NodeCommand =
  | {
      readonly kind: 'joinNode';
      readonly role: NodeRole;
      readonly name: string;
      /** Set as `labelNode` does. */
      readonly labels?: ReadonlyMap<string, string> | undefined;
      /** The greatest that the node supports. Absent: the first. */
      readonly featureLevel?: number | undefined;
    }
  | {
      readonly kind: 'labelNode';
      readonly node: NodeId;
      /** These are set, others stay; an empty text takes a label away. */
      readonly labels: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: 'leaveNode';
      readonly node: NodeId;
      /** It stays after all. */
      readonly isCancelled?: boolean | undefined;
    }
  | {
      readonly kind: 'removeNode';
      readonly node: NodeId;
      /** Also when it is the last owner of a shard: what it alone has is given up. */
      readonly isForced?: boolean | undefined;
    }
  | { readonly kind: 'replaceNode'; readonly node: NodeId; readonly newcomer: NodeId };

/** Databases, their policies, and what hangs on these. */
export type DatabaseCommand =
  | {
      readonly kind: 'createDatabase';
      readonly name: string;
      readonly retentionPolicy?: RetentionPolicyChanges | undefined;
    }
  | { readonly kind: 'dropDatabase'; readonly name: string }
  | {
      readonly kind: 'createRetentionPolicy';
      readonly database: string;
      readonly options: RetentionPolicyOptions;
      readonly isDefault: boolean;
    }
  | {
      readonly kind: 'alterRetentionPolicy';
      readonly database: string;
      readonly name: string;
      readonly changes: Omit<RetentionPolicyChanges, 'name'>;
      readonly isDefault: boolean;
    }
  | { readonly kind: 'dropRetentionPolicy'; readonly database: string; readonly name: string }
  | {
      readonly kind: 'registerFields';
      readonly database: string;
      readonly retentionPolicy: string;
      /** The first registration of a (measurement, field) decides its type; a conflicting one changes nothing. */
      readonly fields: readonly { readonly measurement: string; readonly field: string; readonly type: FieldType }[];
    }
  | { readonly kind: 'dropMeasurement'; readonly database: string; readonly measurement: string }
  | {
      readonly kind: 'finishMeasurementDrop';
      readonly database: string;
      readonly measurement: string;
      /** What `dropMeasurement` answered as id. */
      readonly drop: number;
    }
  | { readonly kind: 'createContinuousQuery'; readonly database: string; readonly name: string; readonly query: string }
  | { readonly kind: 'dropContinuousQuery'; readonly database: string; readonly name: string }
  | {
      readonly kind: 'createSubscription';
      readonly database: string;
      readonly retentionPolicy: string;
      readonly name: string;
      readonly mode: SubscriptionMode;
      readonly destinations: readonly string[];
    }
  | { readonly kind: 'dropSubscription'; readonly database: string; readonly retentionPolicy: string; readonly name: string };

/** Which shards there are, and who owns them. */
export type ShardCommand =
  | {
      readonly kind: 'createShardGroups';
      readonly database: string;
      readonly retentionPolicy: string;
      /** One time inside each wanted group; at most 100. Existing groups are kept. */
      readonly timesNs: readonly TimestampNs[];
    }
  | {
      readonly kind: 'dropShardGroups';
      readonly database: string;
      readonly retentionPolicy: string;
      readonly groupIds: readonly ShardGroupId[];
    }
  | { readonly kind: 'dropShard'; readonly shard: ShardId }
  | {
      readonly kind: 'truncateShardGroups';
      /** Where the groups that are open then end. After the catalog's clock. */
      readonly atNs: TimestampNs;
    }
  | {
      readonly kind: 'setShardOwners';
      readonly database: string;
      readonly retentionPolicy: string;
      readonly shard: ShardId;
      /** As it was when this was decided: of two changes that were decided from the same catalog one is applied. */
      readonly epoch: number;
      readonly owners: readonly NodeId[];
    }
  | {
      readonly kind: 'enforceRetention';
      /** The asker's clock: what is not expired by both clocks stays. */
      readonly nowMs: WallMs;
    }
  | {
      readonly kind: 'precreateShardGroups';
      /** A group that ends within this time gets its successor. */
      readonly aheadMs: number;
    };

/** Who may do what. */
export type AccessCommand =
  | { readonly kind: 'createUser'; readonly name: string; readonly passwordHash: string; readonly isAdmin: boolean }
  | { readonly kind: 'dropUser'; readonly name: string }
  | { readonly kind: 'setPassword'; readonly name: string; readonly passwordHash: string }
  | { readonly kind: 'setAdmin'; readonly name: string; readonly isAdmin: boolean }
  | { readonly kind: 'createRole'; readonly name: string }
  | { readonly kind: 'dropRole'; readonly name: string }
  | { readonly kind: 'setRoleMember'; readonly role: string; readonly user: string; readonly isMember: boolean }
  | {
      readonly kind: 'grantPrivilege';
      readonly grantee: Grantee;
      readonly name: string;
      readonly database: string;
      /** Instead of what was granted before, as in InfluxDB. */
      readonly privilege: Privilege;
    }
  | {
      readonly kind: 'revokePrivilege';
      readonly grantee: Grantee;
      readonly name: string;
      readonly database: string;
      /** Of `all` without `read`, `write` is left; where nothing is left, `none` is. */
      readonly privilege: Privilege;
    };

/** To whom a right is granted. */
export const GRANTEES = ['user', 'role'] as const;
export type Grantee = (typeof GRANTEES)[number];

/** Rights that end by themselves, and the runs of those who propose. */
export type LeaseCommand =
  | { readonly kind: 'openIncarnation'; readonly holder: string; readonly nowMs: WallMs; readonly leaseMs: number }
  | { readonly kind: 'renewIncarnation'; readonly incarnation: IncarnationId; readonly ceilingMs: WallMs }
  | {
      readonly kind: 'closeIncarnation';
      readonly incarnation: IncarnationId;
      /** Close it only if it was not renewed beyond this; the answer says its ceiling then. Absent: by its holder. */
      readonly ceilingMs?: WallMs | undefined;
    }
  | { readonly kind: 'acquireLease'; readonly name: string; readonly holder: string; readonly durationMs: number }
  | { readonly kind: 'renewLease'; readonly name: string; readonly holder: string; readonly durationMs: number }
  | { readonly kind: 'releaseLease'; readonly name: string; readonly holder: string }
  | { readonly kind: 'openSession'; readonly proposer: string };

/** What holds for all of the cluster. */
export type ClusterCommand =
  | {
      readonly kind: 'setSetting';
      readonly key: string;
      /** Absent: its default again. */
      readonly value?: string | undefined;
    }
  | {
      readonly kind: 'reportFeatureLevel';
      /** Such as `meta/1`. */
      readonly member: string;
      /** The greatest that it supports; 0: it is no member any more. */
      readonly level: number;
    }
  | { readonly kind: 'raiseFeatureLevel'; readonly level: number };

export interface RetentionPolicyOptions {
  readonly name: string;
  readonly durationNs: bigint;
  /** 0n or absent: chosen from the duration as InfluxDB does (< 2 d: 1 h, < 180 d: 1 d, else and without end: 7 d); at least 1 h. */
  readonly shardDurationNs?: bigint | undefined;
  readonly replicaCount?: number | undefined;
  readonly writeLevel?: WriteLevel | undefined;
  readonly readLevel?: ReadLevel | undefined;
  /** 0n: no limit. */
  readonly futureLimitNs?: bigint | undefined;
  /** 0n: no limit. */
  readonly pastLimitNs?: bigint | undefined;
}

/** Any of the options: what `CREATE DATABASE … WITH` or `ALTER RETENTION POLICY` names. */
export type RetentionPolicyChanges = {
  readonly [Option in keyof RetentionPolicyOptions]?: RetentionPolicyOptions[Option] | undefined;
};

/** What applying a command answered. A rejection changed nothing; its text is what a client sees. */
export type CommandResult =
  | {
      readonly kind: 'applied';
      /** Of what was made or found: node, database, retention policy, incarnation, lease, session; of a drop that was begun. */
      readonly id?: number | undefined;
      /** Of an incarnation that was opened: it stamps at or above the floor, below the ceiling. */
      readonly floorMs?: WallMs | undefined;
      /** Of an incarnation that was opened, renewed, or not closed because it was renewed. */
      readonly ceilingMs?: WallMs | undefined;
      /** Of registered fields: how many had another type already, and kept it. */
      readonly conflictCount?: number | undefined;
      /** Of a lease: held until the catalog's clock is there. */
      readonly untilMs?: WallMs | undefined;
      /** Of a shard: that of its owners now. */
      readonly epoch?: number | undefined;
      /** Shard groups that were dropped, cut or made ahead of time. */
      readonly groupCount?: number | undefined;
    }
  | { readonly kind: 'rejected'; readonly reason: CatalogRejection; readonly message: string };

/** Every reason for a rejection. Append only: they are in logs. */
export const CATALOG_REJECTIONS = [
  'databaseNotFound',
  'retentionPolicyNotFound',
  'retentionPolicyExists',
  'retentionPolicyConflict',
  'invalidDuration',
  'invalidName',
  'invalidReplicaCount',
  'invalidTime',
  'tooManyGroups',
  'noDataNodes',
  'incarnationClosed',
  'nodeNotFound',
  'nodeLeaving',
  'lastOwner',
  'invalidLabel',
  'shardNotFound',
  'epochConflict',
  'invalidOwners',
  'userNotFound',
  'userExists',
  'roleNotFound',
  'roleExists',
  'continuousQueryExists',
  'subscriptionNotFound',
  'subscriptionExists',
  'invalidSubscription',
  'leaseHeld',
  'leaseLost',
  'tooManyLeases',
  'unknownSetting',
  'invalidSetting',
  'featureNotRaised',
  'featureLevelUnsupported',
  'featureLevelTooLow',
  'sessionExpired',
  'sessionFull',
  'alreadyAnswered',
  'limitReached',
  'measurementDropping',
] as const;
export type CatalogRejection = (typeof CATALOG_REJECTIONS)[number];

const REDACTED = '[redacted]';

/** The command without what only those who check passwords may know: for the audit and for logs. */
export function withoutSecrets(command: CatalogCommand): CatalogCommand {
  switch (command.kind) {
    case 'createUser':
    case 'setPassword':
      return { ...command, passwordHash: REDACTED };
    case 'createSubscription':
      return { ...command, destinations: command.destinations.map(withoutUserInfo) };
    default:
      return command;
  }
}

/** An address without the name and the password in it. The greedy part: a password may hold an `@` that nobody escaped. */
export function withoutUserInfo(address: string): string {
  return address.replace(/^([a-z]+:\/\/)?.*@/su, `$1${REDACTED}@`);
}
