import type { TimestampNs, WallMs } from '@varve/base';
import type { CommandResult } from './catalog-command.ts';
import type { SettingKey } from './catalog-settings.ts';
import type { FieldType } from './column.ts';
import type { DatabaseId, IncarnationId, LeaseId, NodeId, RetentionPolicyId, SessionId, ShardGroupId, ShardId } from './ids.ts';
import type { ReadLevel, WriteLevel } from './levels.ts';
import type { TimeRange } from './time.ts';

/**
 * Who owns what: the cluster's metadata. An immutable value; `applyCatalogCommand` makes the next one. Everything in it
 * is linearizable through the meta-raft group. Names are keys of Maps, so `__proto__` is a name like any other.
 */
export interface Catalog {
  /**
   * Raft index of the last command that changed what followers act on; 0 when empty. Followers never go back. A renewed
   * lease, the clock and the sessions do not count: they matter to the meta group alone.
   */
  readonly version: number;
  readonly nodes: ReadonlyMap<NodeId, ClusterNode>;
  readonly databases: ReadonlyMap<string, Database>;
  readonly incarnations: ReadonlyMap<IncarnationId, Incarnation>;
  /** The next id to give out; all kinds but sessions share it, so an id names one thing only. From 1. */
  readonly nextId: number;
  /** Greatest HLC ceiling ever leased, in wall milliseconds: a new incarnation stamps above it. */
  readonly ceilingMs: WallMs;
  readonly users: ReadonlyMap<string, User>;
  readonly roles: ReadonlyMap<string, Role>;
  readonly leases: ReadonlyMap<string, Lease>;
  /** What was set; `settingOf` knows the rest. */
  readonly settings: ReadonlyMap<SettingKey, string>;
  /** Commands above it are refused; every member supports it. */
  readonly featureLevel: number;
  /** Supported levels of members that are no nodes: meta nodes, coordinators. By a name that they choose, such as `meta/1`. */
  readonly featureReports: ReadonlyMap<string, number>;
  /** The catalog's clock: the greatest leader's time that a proposal came with. */
  readonly clockMs: WallMs;
  /** Who proposes, and what was answered: a proposal that comes again is not applied again. Ascending by id, bounded. */
  readonly sessions: readonly Session[];
  /** Answers to requests from before there were sessions, so that a log of 0.1.0 gives what it gave. Empty from the first session on. */
  readonly earlierRequests: ReadonlyMap<string, CommandResult>;
}

/** The catalog of a cluster that nobody has told anything yet. */
export const EMPTY_CATALOG: Catalog = {
  version: 0,
  nodes: new Map(),
  databases: new Map(),
  incarnations: new Map(),
  nextId: 1,
  ceilingMs: 0,
  users: new Map(),
  roles: new Map(),
  leases: new Map(),
  settings: new Map(),
  featureLevel: 1,
  featureReports: new Map(),
  clockMs: 0,
  sessions: [],
  earlierRequests: new Map(),
};

/** The catalog as followers get it: without what matters to the meta group alone. */
export function withoutSessions(catalog: Catalog): Catalog {
  return { ...catalog, sessions: [], earlierRequests: new Map() };
}

/** What a node with durable data of its own does. Coordinators keep nothing, and meta nodes are known by their Raft group. */
export const NODE_ROLES = ['data', 'repair'] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

export interface ClusterNode {
  readonly id: NodeId;
  readonly role: NodeRole;
  /** A stable name chosen by the node, unique among the nodes of its role. */
  readonly name: string;
  /** What operators say of it, such as its zone. Absent when nothing is said. */
  readonly labels?: ReadonlyMap<string, string> | undefined;
  /** It gets no new shards, and is gone when it owns none. Absent: no. */
  readonly isLeaving?: boolean | undefined;
  /** The greatest feature level that it supports. Absent: the first. */
  readonly featureLevel?: number | undefined;
}

export interface Database {
  readonly id: DatabaseId;
  readonly name: string;
  /** The name writes and queries without one mean. There may be no such policy: dropping it keeps the name, as InfluxDB does. */
  readonly defaultRetentionPolicy: string;
  /** In order of creation. */
  readonly retentionPolicies: ReadonlyMap<string, RetentionPolicy>;
  /** In order of creation; absent when there are none. */
  readonly continuousQueries?: ReadonlyMap<string, ContinuousQuery> | undefined;
}

/** A query that is to run by itself. */
export interface ContinuousQuery {
  readonly name: string;
  /** The whole statement, as InfluxDB keeps it. */
  readonly query: string;
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
  /** Points further ahead of now than this are not taken (FUTURE LIMIT), in nanoseconds. Absent: any. */
  readonly futureLimitNs?: bigint | undefined;
  /** Points further back than this are not taken (PAST LIMIT), in nanoseconds. Absent: any that the policy keeps. */
  readonly pastLimitNs?: bigint | undefined;
  /** In order of creation; absent when there are none. */
  readonly subscriptions?: ReadonlyMap<string, Subscription> | undefined;
  /** Ascending by start, disjoint. */
  readonly shardGroups: readonly ShardGroup[];
  /** Measurement → field → type: one truth for all replicas. */
  readonly measurements: ReadonlyMap<string, ReadonlyMap<string, FieldType>>;
  /** Measurements that are being dropped, with the id of the drop: no types are registered for them until it is finished. Absent when there are none. */
  readonly dropping?: ReadonlyMap<string, number> | undefined;
}

/** How a subscription's destinations get the points: each of them all, or one of them each. */
export const SUBSCRIPTION_MODES = ['ALL', 'ANY'] as const;
export type SubscriptionMode = (typeof SUBSCRIPTION_MODES)[number];

/** Who else is to get the points of a policy. */
export interface Subscription {
  readonly name: string;
  readonly mode: SubscriptionMode;
  /** Addresses such as `http://host:9090`, which may hold a password. */
  readonly destinations: readonly string[];
}

export interface ShardGroup {
  readonly id: ShardGroupId;
  readonly range: TimeRange;
  /**
   * Where the range ended before it was cut short: points that were written ahead of the cut are in this group, and are read
   * from it. Absent: it was not cut.
   */
  readonly cutFromNs?: TimestampNs | undefined;
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

/** A right on one database. */
export const PRIVILEGES = ['read', 'write', 'all'] as const;
export type Privilege = (typeof PRIVILEGES)[number];

/** What is left of rights on one database: `none` where all that was granted has been revoked, which InfluxDB still shows. */
export const HELD_PRIVILEGES = [...PRIVILEGES, 'none'] as const;
export type HeldPrivilege = (typeof HELD_PRIVILEGES)[number];

export interface User {
  readonly name: string;
  /** Whatever checks passwords made it; the catalog never looks inside. */
  readonly passwordHash: string;
  /** May do everything. */
  readonly isAdmin: boolean;
  /** By database. A right is gone with its database. */
  readonly privileges: ReadonlyMap<string, HeldPrivilege>;
}

/** Rights that several users have together. */
export interface Role {
  readonly name: string;
  /** Names of users, ascending. */
  readonly members: readonly string[];
  /** By database. */
  readonly privileges: ReadonlyMap<string, HeldPrivilege>;
}

/** The right to do something alone for a while. */
export interface Lease {
  /** Of this holding: another holder has a greater one. */
  readonly id: LeaseId;
  readonly name: string;
  readonly holder: string;
  /** Held until the catalog's clock is there. */
  readonly untilMs: WallMs;
}

/** One run of somebody who proposes. */
export interface Session {
  /** Index of the entry that opened it. */
  readonly id: SessionId;
  readonly proposer: string;
  /** By the catalog's clock. */
  readonly lastUsedMs: WallMs;
  /** The proposer has all answers up to this number: they are forgotten. */
  readonly ackedSeq: number;
  /** The others, ascending by number. */
  readonly answers: readonly SessionAnswer[];
}

/** What a numbered command of a session was answered. */
export interface SessionAnswer {
  readonly seq: number;
  readonly result: CommandResult;
}
