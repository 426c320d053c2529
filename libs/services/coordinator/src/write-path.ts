import { DbError, type SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';
import { encodeBodies, sealFrame, type FrameBody, type FrameStamp } from '@varve/frame';
import { pause, type CatalogClient, type CatalogFollower } from '@varve/kit';
import { parseLines, SeriesMemory, type ParsedLines } from '@varve/line-protocol';
import type { PointBatch, RetentionPolicy, WriteLevel } from '@varve/model';
import { placeBatch, type Placement, type ShardSlice } from '@varve/placement';
import type { Clock, Metrics, TraceParent, Tracer, WriteRequest, WriteSummary } from '@varve/ports';
import { attributes, metrics as names, spans } from '@varve/telemetry';
import type { DeletePath } from './delete-path.ts';
import type { IncarnationLease } from './incarnation.ts';
import type { Parcel } from './delivery.ts';
import type { OwnerReadiness } from './owner-readiness.ts';
import type { Deliveries } from './replicate.ts';
import type { Admission, SeriesLimit } from './series-limit.ts';

/** Fields and groups are registered with one command each; then somebody else's registration may still have won. */
const PLACEMENT_ROUND_COUNT_MAX = 3;
/** Between two looks whether a drop is over. */
const DROP_PAUSE_MS = 50;
/** Rows that take milliseconds to place and to encode. */
const LARGE_ROW_COUNT = 1_000;

export interface WritePathParts {
  readonly clock: Clock;
  readonly follower: CatalogFollower;
  readonly client: CatalogClient;
  readonly lease: IncarnationLease;
  readonly deletePath: Pick<DeletePath, 'dropMeasurement'>;
  readonly readiness: OwnerReadiness;
  readonly seriesLimit: SeriesLimit;
  readonly deliveries: Deliveries;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** Of batches in memory, as text. */
  readonly batchesSizeBytesMax: SizeBytes;
}

/** Where points go and how, whatever they came as. */
export type WriteTarget = Omit<WriteRequest, 'body' | 'precision'>;

/** Points that are columns already. */
export interface BatchWrite extends WriteTarget {
  readonly batch: PointBatch;
  /** What it would be as text, roughly. */
  readonly sizeBytes: SizeBytes;
}

/** Points to write: text that is read once there is room for them, or a batch. */
interface Intake {
  readonly sizeBytes: SizeBytes;
  read(): ParsedLines;
}

/** Where a frame goes. */
type Destination = Pick<ShardSlice, 'shardId' | 'epoch' | 'owners' | 'replicaCount'>;

/** What is left of a batch when its frames are encoded. */
interface EncodedBatch {
  readonly frames: readonly { readonly to: Destination; readonly body: FrameBody }[];
  readonly level: WriteLevel;
  /** Of the request, if all frames arrive. */
  readonly summary: WriteSummary;
  readonly refusedLineCount: number;
  /** Which types it was placed with. */
  readonly typed: TypedBatch;
}

/** A batch's fields, and the policy as it was when they were checked. */
interface TypedBatch {
  readonly target: Pick<WriteRequest, 'database' | 'retentionPolicy'>;
  readonly policy: RetentionPolicy;
  /** Measurements of its frames. */
  readonly measurements: ReadonlySet<string>;
}

interface PolicyName {
  readonly database: string;
  readonly retentionPolicy: string;
}

/** Flow (a): parse, place, admit, replicate, summarize. docs/specs/write.md has its invariants. */
export class WritePath {
  readonly #parts: WritePathParts;
  readonly #memory = new SeriesMemory();
  /** Of batches in memory, as text. */
  #batchBytes: SizeBytes = 0;

  constructor(parts: WritePathParts) {
    this.#parts = parts;
  }

  /**
   * Reads `request.body` before its first await, and not after.
   * @throws DbError WRITE_PARSE, WRITE_TOO_MANY_GROUPS, WRITE_TIMEOUT, WRITE_QUORUM_LOST, WRITE_OVERLOADED,
   * DATABASE_NOT_FOUND, RETENTION_POLICY_NOT_FOUND, META_UNAVAILABLE
   */
  writePoints(request: WriteRequest): Promise<WriteSummary> {
    return this.#traced(request, { sizeBytes: request.body.length, read: () => parseLines(request.body, request, this.#memory) });
  }

  /** As {@link writePoints}, of points that no text has to be read for. @throws DbError, the same but for WRITE_PARSE */
  writeBatch({ batch, sizeBytes, ...target }: BatchWrite): Promise<WriteSummary> {
    return this.#traced(target, { sizeBytes, read: () => ({ batch, errors: [], errorCount: 0, dropped: undefined }) });
  }

  async #traced(target: WriteTarget, intake: Intake): Promise<WriteSummary> {
    const span = this.#parts.tracer.startChild(spans.coordinatorWrite, target.traceParent, { attributes: { [attributes.database]: target.database } });
    try {
      const summary = await this.#write({ ...target, traceParent: span.traceParent }, intake);
      span.setAttribute(attributes.pointCount, summary.acceptedRowCount);
      span.end();
      return summary;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async #write(target: WriteTarget, intake: Intake): Promise<WriteSummary> {
    const { deliveries, metrics } = this.#parts;
    deliveries.checkRoom();
    const { frames, level, summary, refusedLineCount, typed } = await this.#bounded(intake.sizeBytes, () => this.#encode(target, intake));
    if (frames.length > 0) await this.#replicate(frames, { level, typed, traceParent: target.traceParent });
    metrics.add(names.pointsWritten, summary.acceptedRowCount);
    metrics.add(names.pointsDropped, summary.dropped?.pointCount ?? 0);
    metrics.add(names.linesRefused, refusedLineCount);
    return summary;
  }

  /** Batches wait for their turn, for the catalog and for other nodes: all of them together are bounded (W9). */
  async #bounded(textSizeBytes: SizeBytes, encode: () => Promise<EncodedBatch>): Promise<EncodedBatch> {
    if (this.#batchBytes + textSizeBytes > this.#parts.batchesSizeBytesMax) {
      throw new DbError('WRITE_OVERLOADED', 'too many batches wait to be sent; retry', { batchBytes: this.#batchBytes });
    }
    this.#batchBytes += textSizeBytes;
    try {
      return await encode();
    } finally {
      this.#batchBytes -= textSizeBytes;
    }
  }

  /** From what came in to the bodies of frames: what is behind it needs the batch no more. */
  async #encode(target: WriteTarget, intake: Intake): Promise<EncodedBatch> {
    const { clock, follower, seriesLimit } = this.#parts;
    const parsed = intake.read();
    if (!this.#isKnown(target)) await follower.readLinearizable();
    this.#policyOf(target);
    if (parsed.batch.rowCount === 0 && parsed.dropped === undefined && parsed.errorCount > 0) throw unparsable(parsed);
    if (parsed.batch.rowCount >= LARGE_ROW_COUNT) await clock.turn('write'); // Reading it was a turn of its own.
    const { placement, policy } = await this.#place(parsed.batch, target);
    const { slices, overLimit } = await seriesLimit.admit(parsed.batch, placement.slices, follower.catalog.version);
    const frames = slices.flatMap((slice) => {
      const { shardId: shard, groupStartNs: startNs, tables } = slice;
      return encodeBodies({ shard, startNs, tables, series: parsed.batch.series }).map((body) => ({ to: destinationOf(slice), body }));
    });
    const { database, retentionPolicy } = target;
    const typed = { target: { database, retentionPolicy }, policy, measurements: new Set(slices.flatMap(({ tables }) => tables.map(({ table }) => table.measurement))) };
    return { frames, level: target.level ?? policy.writeLevel, summary: summarize(parsed, { ...placement, overLimit }), refusedLineCount: parsed.errorCount, typed };
  }

  /** Registers what the batch needs and the catalog lacks, until it can be placed whole (W6, W7). */
  async #place(batch: PointBatch, { database, retentionPolicy, nowNs, traceParent }: WriteTarget): Promise<{ readonly placement: Placement; readonly policy: RetentionPolicy }> {
    for (let round = 0; round < PLACEMENT_ROUND_COUNT_MAX; round += 1) {
      const policy = this.#policyOf({ database, retentionPolicy });
      const target = { policy, nowNs, newGroupCountMax: LIMITS.newShardGroupCountMax };
      const placement = placeBatch(batch, target);
      const { missingGroupTimesNs, newFields } = placement;
      if (missingGroupTimesNs.length > LIMITS.newShardGroupCountMax) throw tooManyGroups();
      if (missingGroupTimesNs.length === 0 && newFields.length === 0) return { placement, policy };
      await this.#register({ database, retentionPolicy: policy.name }, placement, traceParent);
    }
    throw new DbError('META_UNAVAILABLE', 'fields or shard groups of this batch kept changing while it was placed; retry');
  }

  async #register(names: PolicyName, { missingGroupTimesNs, newFields }: Placement, traceParent: TraceParent | undefined): Promise<void> {
    const { client, follower } = this.#parts;
    if (newFields.length > 0) {
      const { result, version } = await client.propose({ kind: 'registerFields', ...names, fields: newFields }, traceParent);
      await follower.waitFor(version);
      if (result.kind === 'rejected') return this.#whenDropped(names, newFields.map(({ measurement }) => measurement));
    }
    if (missingGroupTimesNs.length > 0) {
      const { result, version } = await client.propose({ kind: 'createShardGroups', ...names, timesNs: missingGroupTimesNs }, traceParent);
      if (result.kind === 'rejected') throw new DbError('META_UNAVAILABLE', `${result.message}; retry`);
      await follower.waitFor(version);
    }
  }

  /**
   * A measurement that is being dropped gets no new fields before the drop is over. Whoever began it may have died: then it is ended here, which is
   * what its client wanted (DL8).
   */
  async #whenDropped({ database, retentionPolicy }: PolicyName, measurements: readonly string[]): Promise<void> {
    const { clock, follower, deletePath } = this.#parts;
    const dropping = (): string | undefined => {
      const policy = follower.catalog.databases.get(database)?.retentionPolicies.get(retentionPolicy);
      return measurements.find((each) => policy?.dropping?.has(each));
    };
    for (let waitedMs = 0; dropping() !== undefined && waitedMs < LIMITS.dropPatienceMs; waitedMs += DROP_PAUSE_MS) await pause(clock, DROP_PAUSE_MS);
    const measurement = dropping();
    if (measurement !== undefined) await deletePath.dropMeasurement(database, measurement);
  }

  /** No await between the numbers that are taken and their frames that are sent (V7). */
  async #replicate(frames: EncodedBatch['frames'], { level, typed, traceParent }: { readonly level: WriteLevel; readonly typed: TypedBatch; readonly traceParent: TraceParent | undefined }): Promise<void> {
    const { deliveries, readiness, lease, follower } = this.#parts;
    const absent = await readiness.notReady(frames.map(({ to }) => to), follower.catalog.version);
    await lease.ensure();
    this.#checkTypes(typed);
    const stamps = lease.nextFrames(frames.map(({ to }) => to.shardId));
    const parcels = frames.map(({ to, body }, index) => sealed(to, body, stamps[index]!));
    await Promise.all(parcels.map((parcel) => deliveries.publish(parcel, { level, absent, traceParent })));
  }

  /** W6, at the moment of the stamps: a measurement may have been dropped since the batch was placed. @throws DbError META_UNAVAILABLE */
  #checkTypes({ target, policy, measurements }: TypedBatch): void {
    const now = this.#policyOf(target);
    if (now === policy) return;
    for (const name of measurements) {
      const [then, types] = [policy.measurements.get(name), now.measurements.get(name)];
      if (then === types) continue;
      for (const [field, type] of then ?? []) if (types?.get(field) !== type) throw new DbError('META_UNAVAILABLE', `measurement ${name} was dropped while this batch was on its way; retry`);
    }
  }

  /** What is not may have been created through another coordinator a moment ago. */
  #isKnown({ database, retentionPolicy }: WriteTarget): boolean {
    const known = this.#parts.follower.catalog.databases.get(database);
    return known?.retentionPolicies.has(retentionPolicy ?? known.defaultRetentionPolicy) === true;
  }

  /** @throws DbError DATABASE_NOT_FOUND, RETENTION_POLICY_NOT_FOUND */
  #policyOf({ database: name, retentionPolicy }: Pick<WriteTarget, 'database' | 'retentionPolicy'>): RetentionPolicy {
    const database = this.#parts.follower.catalog.databases.get(name);
    if (database === undefined) throw new DbError('DATABASE_NOT_FOUND', `database not found: "${name}"`);
    const policyName = retentionPolicy ?? database.defaultRetentionPolicy;
    const policy = database.retentionPolicies.get(policyName);
    if (policy === undefined) throw new DbError('RETENTION_POLICY_NOT_FOUND', `retention policy not found: ${policyName}`);
    return policy;
  }
}

/** Without the rows, which are in the frames. */
function destinationOf({ shardId, epoch, owners, replicaCount }: ShardSlice): Destination {
  return { shardId, epoch, owners, replicaCount };
}

function sealed({ shardId: shard, epoch, owners, replicaCount }: Destination, body: FrameBody, stamp: FrameStamp): Parcel {
  const { incarnation, number } = stamp.mutation;
  return { shard, epoch, owners, replicaCount, incarnation, number, frame: sealFrame(body, stamp) };
}

function summarize(parsed: ParsedLines, { expired, conflicts, overLimit }: Placement & Pick<Admission, 'overLimit'>): WriteSummary {
  const refused = [
    ...[conflicts, overLimit, expired].map(({ rowCount: pointCount, reason }) => ({ pointCount, reason })),
    parsed.dropped ?? { pointCount: 0, reason: '' },
  ].filter(({ pointCount }) => pointCount > 0);
  const droppedCount = refused.reduce((sum, { pointCount }) => sum + pointCount, 0);
  const acceptedRowCount = parsed.batch.rowCount - conflicts.rowCount - overLimit.rowCount - expired.rowCount;
  return {
    acceptedRowCount,
    lineErrors: parsed.errors.map(({ text }) => text),
    dropped: refused[0] === undefined ? undefined : { pointCount: droppedCount, reason: refused[0].reason },
  };
}

function unparsable({ errors }: ParsedLines): DbError {
  return new DbError('WRITE_PARSE', errors.map(({ text }) => text).join('\n'));
}

function tooManyGroups(): DbError {
  const bound = LIMITS.newShardGroupCountMax;
  const message = `the points of this batch would create more than ${bound} new shard groups: check their times and the precision, or send them in smaller time ranges`;
  return new DbError('WRITE_TOO_MANY_GROUPS', message);
}
