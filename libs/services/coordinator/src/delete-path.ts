import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { encodeTombstone, sealFrame } from '@varve/frame';
import type { CatalogClient, CatalogFollower } from '@varve/kit';
import type { Catalog, RetentionPolicy, TimeRange, Tombstone } from '@varve/model';
import { shardsForRange, type PlacedShard } from '@varve/placement';
import type { DeleteRequest, QueryRequest, TraceParent } from '@varve/ports';
import { planDelete, type DeletePart, type DeletePlan, type Statement } from '@varve/query';
import { requiredAcks } from '@varve/replication';
import type { ClockMeeting } from './clock-meeting.ts';
import type { Parcel } from './delivery.ts';
import type { IncarnationLease } from './incarnation.ts';
import type { OwnerReadiness } from './owner-readiness.ts';
import type { Deliveries } from './replicate.ts';

export interface DeletePathParts {
  readonly follower: CatalogFollower;
  readonly client: CatalogClient;
  readonly lease: IncarnationLease;
  readonly meeting: ClockMeeting;
  readonly readiness: OwnerReadiness;
  readonly deliveries: Deliveries;
}

export type DeletingStatement = Extract<Statement, { readonly kind: 'delete' | 'dropSeries' }>;

/** One frame: what one shard is to hide. */
interface ShardDelete {
  readonly placed: PlacedShard;
  readonly replicaCount: number;
  readonly level: 'quorum' | 'all';
  readonly tombstone: Tombstone;
}

interface Sending {
  readonly traceParent: TraceParent | undefined;
  /** Asked right before frames are stamped, with no await between (DL7). @throws DbError */
  readonly check?: (() => void) | undefined;
}

/** DELETE, DROP SERIES and DROP MEASUREMENT: plan, bring the clocks together, hide, bring the clocks together. docs/specs/delete.md has its invariants. */
export class DeletePath {
  readonly #parts: DeletePathParts;
  /** Drops of measurements that are under way here, so that who waits for one waits for the same. */
  readonly #drops = new Map<string, Promise<void>>();

  constructor(parts: DeletePathParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when everything that was acknowledged before is hidden for good.
   * @throws DbError QUERY_INVALID, QUERY_LIMIT: nothing is deleted; DELETE_INCOMPLETE, META_UNAVAILABLE, CLOCK_SKEWED, STOPPING: the same again is safe
   */
  delete(statement: DeletingStatement, { database, nowNs, traceParent }: Pick<QueryRequest, 'database' | 'nowNs' | 'traceParent'>): Promise<void> {
    return this.#delete((catalog) => {
      const plan = planDelete(statement, { catalog, database, nowNs });
      if (plan.kind === 'error') throw new DbError('QUERY_INVALID', plan.text);
      return plan;
    }, traceParent);
  }

  /** As {@link delete}. @throws DbError DATABASE_NOT_FOUND */
  deletePoints({ database: name, retentionPolicy, measurement, series, range, traceParent }: DeleteRequest): Promise<void> {
    return this.#delete((catalog) => {
      const database = catalog.databases.get(name);
      if (database === undefined) throw new DbError('DATABASE_NOT_FOUND', `delete - database not found: ${JSON.stringify(name)}`);
      const policy = retentionPolicy ?? database.defaultRetentionPolicy;
      if (!database.retentionPolicies.has(policy)) throw new DbError('DATABASE_NOT_FOUND', `delete - retention policy not found in ${JSON.stringify(name)}: ${JSON.stringify(policy)}`);
      return { kind: 'delete', database: name, range, parts: [{ retentionPolicy: policy, measurement, series }] };
    }, traceParent);
  }

  /** What is refused is refused before others are asked; and nobody is asked when there is nothing to delete. */
  async #delete(planOf: (catalog: Catalog) => DeletePlan, traceParent: TraceParent | undefined): Promise<void> {
    const { deliveries, meeting, follower } = this.#parts;
    deliveries.checkRoom();
    const known = await follower.readLinearizable();
    const plan = planOf(known);
    for (const part of plan.parts) encodeTombstone(0, { ...part, startOffsetNs: 0, endOffsetNs: 1 }); // One that is too big: QUERY_LIMIT.
    if (shardDeletes(known, plan).length === 0) return;
    const catalog = await meeting.meet();
    await this.#hide(catalog, planOf(catalog), { traceParent });
    await meeting.meet();
  }

  /**
   * Resolves when the measurement is gone from all policies of the database, with the types of its fields.
   * @throws DbError CATALOG_REJECTED, META_UNAVAILABLE, DELETE_INCOMPLETE, CLOCK_SKEWED, STOPPING: the same again is safe
   */
  dropMeasurement(database: string, measurement: string, traceParent?: TraceParent): Promise<void> {
    const key = JSON.stringify([database, measurement]);
    const underWay = this.#drops.get(key);
    if (underWay !== undefined) return underWay.catch(() => undefined).then(() => this.dropMeasurement(database, measurement, traceParent));
    const dropped = this.#drop(database, measurement, traceParent).finally(() => this.#drops.delete(key));
    this.#drops.set(key, dropped);
    return dropped;
  }

  async #drop(database: string, measurement: string, traceParent: TraceParent | undefined): Promise<void> {
    const { client, follower, meeting } = this.#parts;
    const { result, version } = await client.propose({ kind: 'dropMeasurement', database, measurement }, traceParent);
    if (result.kind === 'rejected') throw new DbError('CATALOG_REJECTED', result.message);
    await follower.waitFor(version);
    const drop = result.id;
    if (drop === undefined) return;
    const policies = policiesDropping(follower.catalog, { database, measurement, drop });
    const parts = policies.map(({ name }): DeletePart => ({ retentionPolicy: name, measurement, series: { kind: 'all' } }));
    const check = (): void => {
      if (policiesDropping(follower.catalog, { database, measurement, drop }).length < policies.length) throw new DbError('DELETE_INCOMPLETE', `another drop of measurement ${measurement} has begun; retry`);
    };
    const catalog = await meeting.meet();
    await this.#hide(catalog, { kind: 'delete', database, range: EVER, parts }, { traceParent, check });
    await meeting.meet();
    const finished = await client.propose({ kind: 'finishMeasurementDrop', database, measurement, drop }, traceParent);
    await follower.waitFor(finished.version);
  }

  /** Some frames at a time. @throws DbError DELETE_INCOMPLETE with how far it has come */
  async #hide(catalog: Catalog, plan: DeletePlan, sending: Sending): Promise<void> {
    const deletes = shardDeletes(catalog, plan);
    for (let first = 0; first < deletes.length; first += LIMITS.deleteFramesUnderWayMax) {
      const failures = await this.#send(deletes.slice(first, first + LIMITS.deleteFramesUnderWayMax), catalog.version, sending);
      if (failures.length > 0) throw incomplete(failures, { doneCount: first, count: deletes.length });
    }
  }

  /** No await between the numbers that are taken and their frames that are sent (V7). @returns what failed */
  async #send(deletes: readonly ShardDelete[], version: number, { traceParent, check }: Sending): Promise<readonly DbError[]> {
    const { readiness, lease, deliveries } = this.#parts;
    const absent = await readiness.notReady(deletes.map(({ placed: { shard } }) => ({ shardId: shard.id, owners: shard.owners })), version);
    await lease.ensure();
    check?.();
    const stamps = lease.nextFrames(deletes.map(({ placed }) => placed.shard.id));
    const sent = deletes.map(({ placed: { shard }, replicaCount, level, tombstone }, index) => {
      const { mutation: { incarnation, number } } = stamps[index]!;
      const parcel: Parcel = { shard: shard.id, epoch: shard.epoch, owners: shard.owners, replicaCount, incarnation, number, frame: sealFrame(encodeTombstone(shard.id, tombstone), stamps[index]!) };
      return deliveries.publish(parcel, { level, isPatient: true, absent, traceParent });
    });
    const settled = await Promise.allSettled(sent);
    return settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as DbError] : []));
  }
}

/** All that a shard's window may be. */
const EVER: TimeRange = { startNs: -(2n ** 64n), endNs: 2n ** 64n };

/** @throws DbError QUERY_LIMIT */
function shardDeletes(catalog: Catalog, { database, range, parts }: DeletePlan): readonly ShardDelete[] {
  const policies = catalog.databases.get(database)?.retentionPolicies;
  if (range === undefined || policies === undefined) return [];
  const deletes: ShardDelete[] = [];
  for (const part of parts) {
    const policy = policies.get(part.retentionPolicy);
    for (const placed of policy === undefined ? [] : shardsForRange(policy, range)) {
      const found = deleteIn(placed, policy!, part, range);
      if (found !== undefined) deletes.push(found);
      if (deletes.length > LIMITS.deleteFrameCountMax) throw new DbError('QUERY_LIMIT', `more than ${LIMITS.deleteFrameCountMax} pairs of a shard and a measurement to delete from; narrow the statement with FROM or WHERE time`);
    }
  }
  return deletes;
}

/** Undefined: no time of the shard's window is in the range; of a cut group the window is what it was before (C19). */
function deleteIn(placed: PlacedShard, policy: RetentionPolicy, { measurement, series }: DeletePart, range: TimeRange): ShardDelete | undefined {
  const group = policy.shardGroups.find(({ shards }) => shards.includes(placed.shard))!;
  const { startNs } = group.range;
  const endNs = group.cutFromNs ?? group.range.endNs;
  const [fromNs, toNs] = [range.startNs > startNs ? range.startNs : startNs, range.endNs < endNs ? range.endNs : endNs];
  if (fromNs >= toNs) return undefined;
  const tombstone = { measurement, series, startOffsetNs: Number(fromNs - startNs), endOffsetNs: Number(toNs - startNs) };
  const { replicaCount } = group;
  return { placed, replicaCount, level: levelOf(policy, replicaCount), tombstone };
}

/** P3: a delete is on as many disks as a write of its policy, and on more than half in any case. */
function levelOf({ writeLevel }: RetentionPolicy, replicaCount: number): ShardDelete['level'] {
  return writeLevel === 'all' && requiredAcks('all', replicaCount) > requiredAcks('quorum', replicaCount) ? 'all' : 'quorum';
}

function policiesDropping(catalog: Catalog, { database, measurement, drop }: { readonly database: string; readonly measurement: string; readonly drop: number }): readonly RetentionPolicy[] {
  const policies = [...(catalog.databases.get(database)?.retentionPolicies.values() ?? [])];
  return policies.filter(({ dropping }) => dropping?.get(measurement) === drop);
}

function incomplete(failures: readonly DbError[], { doneCount, count }: { readonly doneCount: number; readonly count: number }): DbError {
  const [first] = failures;
  const text = `deleted from ${doneCount} of ${count} shards at least, ${failures.length} did not take it: ${first!.message.replace(/; retry$/, '')}; the same statement may be sent again`;
  return new DbError('DELETE_INCOMPLETE', text, { code: first!.code, ...first!.facts });
}
