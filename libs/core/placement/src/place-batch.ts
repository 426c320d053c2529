import type { TimestampNs } from '@varve/base';
import {
  type MeasurementTable,
  newShardGroupRange,
  type NodeId,
  type PointBatch,
  type RetentionPolicy,
  type ShardGroup,
  type ShardId,
  shardGroupIndexAt,
  splitNs,
  joinNs,
  type TableSlice,
  type TimeRange,
} from '@varve/model';
import { checkFields, type NewField } from './check-fields.ts';
import { shardIndexOf } from './series-hash.ts';

/*
 * A batch and a retention policy to one slice per shard: pure, so the same batch and catalog always give the same
 * slices (W3). No row is copied: a slice names rows of the batch's tables.
 *
 *   time ──▶ too old? expired · no group? missing · else group ─┐
 *   fields ──▶ another type than the catalog's? conflict        ├──▶ slot (group, shard) ──▶ slice
 *   series key ──▶ hash ──▶ shard of the group ─────────────────┘
 */

export interface PlacementTarget {
  readonly policy: RetentionPolicy;
  /** The request's time; points older than the policy's duration, or outside of its write limits, are dropped. */
  readonly nowNs: TimestampNs;
  /** It stops looking for missing groups when it has found one more. */
  readonly newGroupCountMax: number;
}

/** The rows of a batch that one shard gets, with what its frame must know of the shard. */
export interface ShardSlice {
  readonly shardId: ShardId;
  /** The shard's group, as the catalog has it. */
  readonly group: ShardGroup;
  readonly epoch: number;
  readonly owners: readonly NodeId[];
  /** N: what write levels count over. */
  readonly replicaCount: number;
  /** Where the shard's window starts: frames count times from here. */
  readonly groupStartNs: TimestampNs;
  readonly rowCount: number;
  readonly tables: readonly TableSlice[];
}

/** Points that are dropped, and why, in InfluxDB's words. */
export interface DroppedRows {
  readonly rowCount: number;
  /** Empty when no row is dropped. */
  readonly reason: string;
}

export interface Placement {
  /** In order of first rows. Empty while groups are missing: create them and place again. */
  readonly slices: readonly ShardSlice[];
  /** One time in each missing group, at most `newGroupCountMax + 1`. */
  readonly missingGroupTimesNs: readonly TimestampNs[];
  /** To register before the slices are sent; if another type won meanwhile, placing again finds the conflicts. */
  readonly newFields: readonly NewField[];
  /** Rows older than the policy keeps, or outside of its write limits. */
  readonly expired: DroppedRows;
  /** Rows with a field of another type than the catalog's, and of a type that came later than another in this batch. */
  readonly conflicts: DroppedRows;
}

const EXPIRED_REASON = 'points beyond retention policy';
const DROPPED = -1;

/** Decides for every row of a batch which shard gets it, or why none does. Changes nothing. */
export function placeBatch(batch: PointBatch, target: PlacementTarget): Placement {
  const placer = new Placer(batch, target);
  for (const table of batch.tables) placer.placeTable(table);
  return placer.finish();
}

interface Slot {
  readonly groupIndex: number;
  readonly shardIndex: number;
  rowCount: number;
  readonly tables: TableSlice[];
}

class Placer {
  readonly #batch: PointBatch;
  readonly #target: PlacementTarget;
  readonly #missing = new Map<TimestampNs, TimestampNs>();
  readonly #newFields: NewField[] = [];
  readonly #slots: Slot[] = [];
  /** Group → shard → slot. */
  readonly #slotIndexes = new Map<number, Int32Array>();
  /** Number of shards → series → shard. */
  readonly #shardIndexes = new Map<number, Int32Array>();
  /** The first time that is taken, and the first that is not any more; undefined: any. */
  readonly #oldest: SplitTime | undefined;
  readonly #tooNew: SplitTime | undefined;
  #expiredCount = 0;
  #conflictCount = 0;
  #conflictReason = '';

  constructor(batch: PointBatch, target: PlacementTarget) {
    const { policy, nowNs } = target;
    const backNs = lesserOf(policy.durationNs === 0n ? undefined : policy.durationNs, policy.pastLimitNs);
    this.#batch = batch;
    this.#target = target;
    this.#oldest = backNs === undefined ? undefined : splitNs(nowNs - backNs);
    this.#tooNew = policy.futureLimitNs === undefined ? undefined : splitNs(nowNs + policy.futureLimitNs + 1n);
  }

  placeTable(table: MeasurementTable): void {
    const { policy } = this.#target;
    const isExpired = (row: number): boolean =>
      (this.#oldest !== undefined && isBefore(table.times, row, this.#oldest)) ||
      (this.#tooNew !== undefined && !isBefore(table.times, row, this.#tooNew));
    const checked = checkFields(table, policy, isExpired);
    this.#newFields.push(...checked.newFields);
    this.#conflictCount += checked.conflictCount;
    this.#conflictReason ||= checked.reason ?? '';
    const slotOfRow = new Int32Array(table.rowCount);
    let window: Window | undefined;
    for (let row = 0; row < table.rowCount; row += 1) {
      slotOfRow[row] = DROPPED;
      if (isExpired(row)) {
        this.#expiredCount += 1;
        continue;
      }
      if (checked.isConflict?.[row] === 1) continue;
      if (window === undefined || !isInside(table.times, row, window)) {
        if (this.#missing.size > this.#target.newGroupCountMax) return;
        window = this.#windowAt(joinNs(table.times.ms[row]!, table.times.subNs[row]!));
      }
      if (window.groupIndex >= 0) slotOfRow[row] = this.#slotIndex(window.groupIndex, table.seriesIndexes[row]!);
    }
    this.#addRows({ ...table, columns: checked.columns }, slotOfRow);
  }

  finish(): Placement {
    const { policy } = this.#target;
    const slices = this.#slots.map(({ groupIndex, shardIndex, rowCount, tables }) => {
      const group = policy.shardGroups[groupIndex]!;
      const { id, epoch, owners } = group.shards[shardIndex]!;
      return { shardId: id, group, epoch, owners, replicaCount: group.replicaCount, groupStartNs: group.range.startNs, rowCount, tables };
    });
    return {
      slices: this.#missing.size > 0 ? [] : slices,
      missingGroupTimesNs: [...this.#missing.values()],
      newFields: this.#newFields,
      expired: { rowCount: this.#expiredCount, reason: this.#expiredCount > 0 ? EXPIRED_REASON : '' },
      conflicts: { rowCount: this.#conflictCount, reason: this.#conflictReason },
    };
  }

  /** The group that covers a time; where there is none, the one that is missing, with groupIndex −1. */
  #windowAt(timeNs: TimestampNs): Window {
    const { policy } = this.#target;
    const groupIndex = shardGroupIndexAt(policy.shardGroups, timeNs);
    if (groupIndex >= 0) return windowOf(policy.shardGroups[groupIndex]!.range, groupIndex);
    const range = newShardGroupRange(policy, timeNs);
    if (!this.#missing.has(range.startNs)) this.#missing.set(range.startNs, timeNs);
    return windowOf(range, -1);
  }

  #slotIndex(groupIndex: number, seriesIndex: number): number {
    const shardCount = this.#target.policy.shardGroups[groupIndex]!.shards.length;
    const shardIndex = shardCount === 1 ? 0 : this.#shardIndex(seriesIndex, shardCount);
    let slotIndexes = this.#slotIndexes.get(groupIndex);
    if (slotIndexes === undefined) {
      slotIndexes = new Int32Array(shardCount).fill(-1);
      this.#slotIndexes.set(groupIndex, slotIndexes);
    }
    if (slotIndexes[shardIndex] === -1) {
      slotIndexes[shardIndex] = this.#slots.length;
      this.#slots.push({ groupIndex, shardIndex, rowCount: 0, tables: [] });
    }
    return slotIndexes[shardIndex]!;
  }

  /** Each series is hashed once per batch. */
  #shardIndex(seriesIndex: number, shardCount: number): number {
    let shardIndexes = this.#shardIndexes.get(shardCount);
    if (shardIndexes === undefined) {
      shardIndexes = new Int32Array(this.#batch.series.length).fill(-1);
      this.#shardIndexes.set(shardCount, shardIndexes);
    }
    if (shardIndexes[seriesIndex] === -1) {
      shardIndexes[seriesIndex] = shardIndexOf(this.#batch.series[seriesIndex]!.key, shardCount);
    }
    return shardIndexes[seriesIndex]!;
  }

  #addRows(table: MeasurementTable, slotOfRow: Int32Array): void {
    const counts = new Uint32Array(this.#slots.length);
    for (const slot of slotOfRow) if (slot !== DROPPED) counts[slot]! += 1;
    const rowIndexes = Array.from(counts, (count) => (count === table.rowCount ? undefined : new Uint32Array(count)));
    const filled = new Uint32Array(counts.length);
    slotOfRow.forEach((slot, row) => {
      const rows = slot === DROPPED ? undefined : rowIndexes[slot];
      if (rows !== undefined) rows[filled[slot]!++] = row;
    });
    counts.forEach((count, slot) => {
      if (count === 0) return;
      this.#slots[slot]!.rowCount += count;
      this.#slots[slot]!.tables.push({ table, rowIndexes: rowIndexes[slot] });
    });
  }
}

interface SplitTime {
  readonly ms: number;
  readonly subNs: number;
}

/** A range in milliseconds and nanoseconds, to compare rows without bigints. */
interface Window {
  readonly groupIndex: number;
  readonly start: SplitTime;
  readonly end: SplitTime;
}

function windowOf(range: TimeRange, groupIndex: number): Window {
  return { groupIndex, start: splitNs(range.startNs), end: splitNs(range.endNs) };
}

function isInside(times: MeasurementTable['times'], row: number, { start, end }: Window): boolean {
  return !isBefore(times, row, start) && isBefore(times, row, end);
}

function lesserOf(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left < right ? left : right;
}

function isBefore(times: MeasurementTable['times'], row: number, time: SplitTime): boolean {
  const ms = times.ms[row]!;
  return ms < time.ms || (ms === time.ms && times.subNs[row]! < time.subNs);
}
