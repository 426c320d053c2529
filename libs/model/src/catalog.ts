import type { TimestampNs, WallMs } from '@varve/base';
import type { FieldType } from './column.ts';
import type { DatabaseId, IncarnationId, NodeId, RetentionPolicyId, ShardGroupId, ShardId } from './ids.ts';
import type { ReadLevel, WriteLevel } from './levels.ts';
import type { TimeRange } from './time.ts';

/**
 * Who owns what: the cluster's metadata. An immutable value; `applyCatalogCommand` makes the next one. Everything in it
 * is linearizable through the meta-raft group. Names are keys of Maps, so `__proto__` is a name like any other.
 */
export interface Catalog {
  /**
   * Raft index of the last command that changed what followers act on; 0 when empty. Followers never go back. A renewed
   * lease and a remembered request do not count: they matter to the meta group alone.
   */
  readonly version: number;
  readonly nodes: ReadonlyMap<NodeId, ClusterNode>;
  readonly databases: ReadonlyMap<string, Database>;
  readonly incarnations: ReadonlyMap<IncarnationId, Incarnation>;
  /** The next id to give out; all kinds share it, so an id names one thing only. From 1. */
  readonly nextId: number;
  /** Greatest HLC ceiling ever leased, in wall milliseconds: a new incarnation stamps above it. */
  readonly ceilingMs: WallMs;
  /** Answers to recent requests, oldest first, bounded: a command with a known request id is not applied twice. */
  readonly recentRequests: ReadonlyMap<string, CommandResult>;
}

/** The catalog of a cluster that nobody has told anything yet. */
export const EMPTY_CATALOG: Catalog = {
  version: 0,
  nodes: new Map(),
  databases: new Map(),
  incarnations: new Map(),
  nextId: 1,
  ceilingMs: 0,
  recentRequests: new Map(),
};

/** What a node with durable data of its own does. Coordinators keep nothing, and meta nodes are known by their Raft group. */
export type NodeRole = 'data' | 'repair';

export interface ClusterNode {
  readonly id: NodeId;
  readonly role: NodeRole;
  /** A stable name chosen by the node, unique among the nodes of its role. */
  readonly name: string;
}

export interface Database {
  readonly id: DatabaseId;
  readonly name: string;
  /** The name writes and queries without one mean. There may be no such policy: dropping it keeps the name, as InfluxDB does. */
  readonly defaultRetentionPolicy: string;
  /** In order of creation. */
  readonly retentionPolicies: ReadonlyMap<string, RetentionPolicy>;
}

export interface RetentionPolicy {
  readonly id: RetentionPolicyId;
  readonly name: string;
  /** How long points are kept, in nanoseconds; 0n keeps them for ever. */
  readonly durationNs: bigint;
  /** The window of its shard groups, in nanoseconds, as shown; windows over 90 days are split inside. */
  readonly shardDurationNs: bigint;
  /** N: copies of each shard. */
  readonly replicaCount: number;
  readonly writeLevel: WriteLevel;
  readonly readLevel: ReadLevel;
  /** Ascending by start, disjoint. */
  readonly shardGroups: readonly ShardGroup[];
  /** Measurement → field → type: one truth for all replicas. */
  readonly measurements: ReadonlyMap<string, ReadonlyMap<string, FieldType>>;
}

export interface ShardGroup {
  readonly id: ShardGroupId;
  readonly range: TimeRange;
  /** N as it was wanted when the group was made: what write levels count over. Shards of a small cluster may have fewer owners. */
  readonly replicaCount: number;
  readonly shards: readonly Shard[];
}

export interface Shard {
  readonly id: ShardId;
  /** Data nodes that hold a copy. */
  readonly owners: readonly NodeId[];
  /** Orders placements; fences a coordinator's first delivery. From 1. */
  readonly epoch: number;
}

/** A coordinator's lease. Owners take frames of an open incarnation from its coordinator, of a closed one from peers only. */
export interface Incarnation {
  readonly id: IncarnationId;
  /** The coordinator's name. */
  readonly holder: string;
  /** Stamps stay below this wall time until it is leased further. */
  readonly ceilingMs: WallMs;
  readonly isOpen: boolean;
}

/** Every change to the catalog. Total and deterministic to apply; times come in with the command. */
export type CatalogCommand =
  | { readonly kind: 'joinNode'; readonly role: NodeRole; readonly name: string }
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
  | {
      readonly kind: 'registerFields';
      readonly database: string;
      readonly retentionPolicy: string;
      /** The first registration of a (measurement, field) decides its type; a conflicting one changes nothing. */
      readonly fields: readonly { readonly measurement: string; readonly field: string; readonly type: FieldType }[];
    }
  | { readonly kind: 'openIncarnation'; readonly holder: string; readonly nowMs: WallMs; readonly leaseMs: number }
  | { readonly kind: 'renewIncarnation'; readonly incarnation: IncarnationId; readonly ceilingMs: WallMs }
  | {
      readonly kind: 'closeIncarnation';
      readonly incarnation: IncarnationId;
      /** Close it only if it was not renewed beyond this; the answer says its ceiling then. Absent: by its holder. */
      readonly ceilingMs?: WallMs | undefined;
    };

export interface RetentionPolicyOptions {
  readonly name: string;
  readonly durationNs: bigint;
  /** 0n or absent: chosen from the duration as InfluxDB does (< 2 d: 1 h, < 180 d: 1 d, else and without end: 7 d); at least 1 h. */
  readonly shardDurationNs?: bigint | undefined;
  readonly replicaCount?: number | undefined;
  readonly writeLevel?: WriteLevel | undefined;
  readonly readLevel?: ReadLevel | undefined;
}

/** Any of the options: what `CREATE DATABASE … WITH` or `ALTER RETENTION POLICY` names. */
export type RetentionPolicyChanges = {
  readonly [Option in keyof RetentionPolicyOptions]?: RetentionPolicyOptions[Option] | undefined;
};

/** What applying a command answered. A rejection changed nothing; its text is what a client sees. */
export type CommandResult =
  | {
      readonly kind: 'applied';
      /** Of what was made or found: node, database, retention policy, incarnation. */
      readonly id?: number | undefined;
      /** Of an incarnation that was opened: it stamps at or above the floor, below the ceiling. */
      readonly floorMs?: WallMs | undefined;
      /** Of an incarnation that was opened, renewed, or not closed because it was renewed. */
      readonly ceilingMs?: WallMs | undefined;
      /** Of registered fields: how many had another type already, and kept it. */
      readonly conflictCount?: number | undefined;
    }
  | { readonly kind: 'rejected'; readonly reason: CatalogRejection; readonly message: string };

/** Every reason for a rejection. */
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
] as const;
export type CatalogRejection = (typeof CATALOG_REJECTIONS)[number];
