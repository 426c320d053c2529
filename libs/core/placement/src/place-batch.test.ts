import type { TimestampNs } from '@varve/base';
import {
  type Column,
  type FieldType,
  type FieldValue,
  newShardGroupRange,
  type PointBatch,
  type RetentionPolicy,
  type ShardGroup,
  shardGroupIndexAt,
  splitNs,
  timeRange,
} from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownersOf, shardsForRange } from './owners-of.ts';
import { type Placement, placeBatch } from './place-batch.ts';
import { shardIndexOf } from './series-hash.ts';

const DAY_NS = 86_400_000_000_000n;

interface Row {
  readonly series: string;
  readonly timeNs: TimestampNs;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

function typeOf(value: FieldValue): FieldType {
  if (typeof value === 'bigint') return 'integer';
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'float';
}

/** One table `m`; a field with two types gets two columns. Integers are written as bigints here. */
function batchOf(rows: readonly Row[]): PointBatch {
  const series = [...new Set(rows.map((row) => row.series))];
  const columns = new Map<string, { name: string; column: Column }>();
  rows.forEach((row, rowIndex) => {
    for (const [name, value] of Object.entries(row.fields)) {
      const type = typeOf(value);
      const id = `${name} ${type}`;
      if (!columns.has(id)) columns.set(id, { name, column: emptyColumn(type, rows.length) });
      const { column } = columns.get(id)!;
      column.validity![rowIndex >> 3]! |= 1 << (rowIndex & 7);
      if (column.type === 'string') (column.values as string[])[rowIndex] = String(value);
      else column.values[rowIndex] = Number(value);
    }
  });
  const times = rows.map(({ timeNs }) => splitNs(timeNs));
  const table = {
    measurement: 'm',
    rowCount: rows.length,
    seriesIndexes: Uint32Array.from(rows, (row) => series.indexOf(row.series)),
    times: { ms: Float64Array.from(times, ({ ms }) => ms), subNs: Int32Array.from(times, ({ subNs }) => subNs) },
    lineIndexes: Uint32Array.from(rows.keys()),
    columns: [...columns.values()],
  };
  return {
    series: series.map((key) => ({ key, measurement: 'm' })),
    tables: rows.length === 0 ? [] : [table],
    rowCount: rows.length,
  };
}

function emptyColumn(type: FieldType, rowCount: number): Column {
  const validity = new Uint8Array((rowCount + 7) >> 3);
  if (type === 'string') return { type, values: new Array<string>(rowCount).fill(''), validity };
  if (type === 'boolean') return { type, values: new Uint8Array(rowCount), validity };
  return { type, values: new Float64Array(rowCount), validity };
}

function policyOf(changes: Partial<RetentionPolicy> = {}): RetentionPolicy {
  return {
    id: 1,
    name: 'autogen',
    durationNs: 0n,
    shardDurationNs: DAY_NS,
    replicaCount: 1,
    writeLevel: 'one',
    readLevel: 'one',
    shardGroups: [],
    measurements: new Map([['m', new Map<string, FieldType>([['v', 'float']])]]),
    ...changes,
  };
}

function groupOf(startDay: number, shardCount = 1): ShardGroup {
  const startNs = BigInt(startDay) * DAY_NS;
  const shards = Array.from({ length: shardCount }, (_, index) => ({
    id: startDay * 10 + index,
    owners: [1, 2],
    epoch: 7,
  }));
  return { id: startDay, range: timeRange(startNs, startNs + DAY_NS), replicaCount: 2, shards };
}

const at = (day: number): TimestampNs => (BigInt(Math.round(day * 1_000)) * DAY_NS) / 1_000n;
const point = (day: number, fields: Row['fields'] = { v: 1 }, series = 'm,h=a'): Row => ({
  series,
  timeNs: at(day),
  fields,
});
const place = (rows: readonly Row[], policy: RetentionPolicy, nowDay = 10, newGroupCountMax = 100): Placement =>
  placeBatch(batchOf(rows), { policy, nowNs: at(nowDay), newGroupCountMax });
const rowsOf = ({ slices }: Placement): (readonly [shardId: number, rows: readonly number[] | 'all'])[] =>
  slices.map(
    ({ shardId, tables }) =>
      [shardId, tables[0]!.rowIndexes === undefined ? 'all' : [...tables[0]!.rowIndexes]] as const,
  );

test('points outside of the write limits are dropped, those at the limits are not', () => {
  const check = (limits: Partial<RetentionPolicy>, days: readonly number[], droppedCount: number): void => {
    const policy = policyOf({ shardGroups: [groupOf(8), groupOf(9), groupOf(10), groupOf(11)], ...limits });
    const placement = place(days.map((day) => point(day)), policy);
    expect(placement.expired).toEqual({ rowCount: droppedCount, reason: droppedCount > 0 ? 'points beyond retention policy' : '' });
  };
  check({ pastLimitNs: DAY_NS }, [8.999, 9, 10, 11], 1);
  check({ futureLimitNs: DAY_NS }, [8, 10, 11, 11.001], 1);
  check({ pastLimitNs: DAY_NS, futureLimitNs: DAY_NS / 2n }, [8, 9, 10.5, 10.501, 11], 3);
  check({ durationNs: DAY_NS, pastLimitNs: 2n * DAY_NS }, [8.5, 9.5], 1);
  check({ durationNs: 2n * DAY_NS, pastLimitNs: DAY_NS }, [8.5, 9.5], 1);
});

test('a batch inside one group with one shard is one slice of all rows', () => {
  const placement = place([point(3), point(3.5), point(3.999)], policyOf({ shardGroups: [groupOf(3)] }));
  expect(rowsOf(placement)).toEqual([[30, 'all']]);
  expect(placement.slices[0]).toMatchObject({
    shardId: 30,
    epoch: 7,
    owners: [1, 2],
    groupStartNs: at(3),
    rowCount: 3,
  });
  expect(placement).toMatchObject({
    missingGroupTimesNs: [],
    newFields: [],
    expired: { rowCount: 0 },
    conflicts: { rowCount: 0 },
  });
});

test('rows go to the group whose half-open window holds their time', () => {
  const policy = policyOf({ shardGroups: [groupOf(3), groupOf(4)] });
  expect(rowsOf(place([point(4), point(3), point(3.999), point(4.5)], policy))).toEqual([
    [40, [0, 3]],
    [30, [1, 2]],
  ]);
});

test('missing groups are named once each, and nothing is placed before they are there', () => {
  const policy = policyOf({ shardGroups: [groupOf(3)] });
  const placement = place([point(3), point(5.1), point(5.2), point(6), point(5.3)], policy);
  expect(placement.missingGroupTimesNs).toEqual([at(5.1), at(6)]);
  expect(placement.slices).toEqual([]);
});

test('P7: looking for missing groups stops one beyond the bound', () => {
  const rows = Array.from({ length: 50 }, (_, day) => point(day));
  expect(place(rows, policyOf(), 10, 3).missingGroupTimesNs).toHaveLength(4);
});

test('rows older than the policy keeps are dropped and counted', () => {
  const policy = policyOf({ durationNs: 5n * DAY_NS, shardGroups: [groupOf(5), groupOf(6)] });
  const placement = place([point(4.999), point(5), point(1), point(6)], policy);
  expect(placement.expired).toEqual({ rowCount: 2, reason: 'points beyond retention policy' });
  expect(rowsOf(placement)).toEqual([
    [50, [1]],
    [60, [3]],
  ]);
  expect(placement.missingGroupTimesNs).toEqual([]);
});

test('a point with a field of another type than the catalog has is dropped whole', () => {
  const policy = policyOf({ shardGroups: [groupOf(3)] });
  const placement = place([point(3, { v: 2n, w: 5 }), point(3.1, { w: 7 }), point(3.2, { v: 3 })], policy);
  expect(placement.conflicts).toEqual({
    rowCount: 1,
    reason: 'field type conflict: input field "v" on measurement "m" is type integer, already exists as type float',
  });
  expect(rowsOf(placement)).toEqual([[30, [1, 2]]]);
  expect(placement.newFields).toEqual([{ measurement: 'm', field: 'w', type: 'float' }]);
  expect(placement.slices[0]!.tables[0]!.table.columns.map(({ name, column }) => [name, column.type])).toEqual([
    ['w', 'float'],
    ['v', 'float'],
  ]);
});

test('of two types for a new field the first in row order holds', () => {
  const policy = policyOf({ shardGroups: [groupOf(3)] });
  const placement = place(
    [point(3, { x: 1n }), point(3.1, { x: 'a' }), point(3.2, { x: 2n }), point(3.3, { y: 1, x: true })],
    policy,
  );
  expect(placement.newFields).toEqual([{ measurement: 'm', field: 'x', type: 'integer' }]);
  expect(placement.conflicts).toMatchObject({ rowCount: 2 });
  expect(placement.conflicts.reason).toContain(
    'input field "x" on measurement "m" is type string, already exists as type integer',
  );
  expect(rowsOf(placement)).toEqual([[30, [0, 2]]]);
});

test('an expired row registers no field', () => {
  const policy = policyOf({ durationNs: 5n * DAY_NS, shardGroups: [groupOf(6)] });
  const placement = place([point(1, { x: 'old' }), point(6, { x: 1 })], policy);
  expect(placement.newFields).toEqual([{ measurement: 'm', field: 'x', type: 'float' }]);
  expect(placement.conflicts.rowCount).toBe(0);
});

test('W3: every row is in exactly one slice, in order, where a dumb search finds its shard', () => {
  const row = fc.record({
    series: fc.constantFrom('m,h=a', 'm,h=b', 'm,h=c', 'm,h=d'),
    timeNs: fc.bigInt({ min: -20n * DAY_NS, max: 20n * DAY_NS }),
    fields: fc.constant({ v: 1 }),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (rows, shardCount) => {
      const policy = withGroups(policyOf({ durationNs: 15n * DAY_NS }), rows, shardCount);
      const { slices, expired } = place(rows, policy);
      const seen = slices.flatMap(({ shardId, tables }) =>
        tables.flatMap(({ rowIndexes }) => [...(rowIndexes ?? rows.keys())].map((index) => [index, shardId] as const)),
      );
      const expected = rows.flatMap(({ timeNs, series }, index) => {
        if (timeNs < at(10) - 15n * DAY_NS) return [];
        const { shards } = policy.shardGroups[shardGroupIndexAt(policy.shardGroups, timeNs)]!;
        return [[index, shards[shardIndexOf(series, shardCount)]!.id] as const];
      });
      expect([...seen].sort(([left], [right]) => left - right)).toEqual(expected);
      expect(expired.rowCount).toBe(rows.length - expected.length);
    }),
  );
});

function withGroups(policy: RetentionPolicy, rows: readonly Row[], shardCount: number): RetentionPolicy {
  let { shardGroups } = policy;
  for (const { timeNs } of rows) {
    if (shardGroupIndexAt(shardGroups, timeNs) >= 0) continue;
    const range = newShardGroupRange({ ...policy, shardGroups }, timeNs);
    const firstId = shardGroups.length * 10 + 1;
    const shards = Array.from({ length: shardCount }, (_, index) => ({ id: firstId + index, owners: [1], epoch: 1 }));
    shardGroups = [...shardGroups, { id: firstId, range, replicaCount: 1, shards }].sort((left, right) =>
      left.range.startNs < right.range.startNs ? -1 : 1,
    );
  }
  return { ...policy, shardGroups };
}

test('a query finds the shards whose windows overlap its range', () => {
  const policy = policyOf({ shardGroups: [groupOf(3, 2), groupOf(4), groupOf(6)] });
  const check = (startDay: number, endDay: number, expected: readonly number[]): void =>
    expect(shardsForRange(policy, timeRange(at(startDay), at(endDay))).map(({ shard }) => shard.id)).toEqual(expected);
  check(0, 3, []);
  check(0, 3.001, [30, 31]);
  check(3.999, 4, [30, 31]);
  check(3.5, 7, [30, 31, 40, 60]);
  check(5, 6, []);
  check(7, 8, []);
});

test('owners are those of the shard; a shard that is not there has none', () => {
  const policy = policyOf({ shardGroups: [groupOf(3, 2)] });
  expect(ownersOf(policy, 31)).toEqual([1, 2]);
  expect(ownersOf(policy, 99)).toEqual([]);
});

test('C19: a group that was cut is read for the times that it may still hold, together with those that follow', () => {
  const cut: ShardGroup = { ...groupOf(1), range: timeRange(at(1), at(1.5)), cutFromNs: at(2) };
  const next: ShardGroup = { ...groupOf(5), range: timeRange(at(1.5), at(2)) };
  const last = groupOf(2);
  const policy = policyOf({ shardGroups: [cut, next, last] });
  const read = (fromDay: number, toDay: number): string[] =>
    shardsForRange(policy, timeRange(at(fromDay), at(toDay))).map(({ shard, mergeFromNs }) => `${shard.id}@${Number((10n * mergeFromNs) / DAY_NS) / 10}`);
  expect(read(1.6, 1.7)).toEqual(['10@1', '50@1']);
  expect(read(0, 3)).toEqual(['10@1', '50@1', '20@2']);
  expect(read(2, 3)).toEqual(['20@2']);
});
