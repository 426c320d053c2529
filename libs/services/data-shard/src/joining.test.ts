import { LIMITS } from '@varve/config';
import type { LivenessView } from '@varve/kit';
import { EMPTY_VECTOR, encodeVectors, withMutation } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, type Bus, type Clock } from '@varve/ports';
import { decode, encode, subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import { Joining, type JoiningPorts } from './joining.ts';
import type { Pulls } from './pull-path.ts';
import type { ShardReplica } from './shard-replica.ts';

const SELF = 1;
const ALIVE = 2;
const SILENT = 3;
const VECTOR = withMutation(EMPTY_VECTOR, 1, 1);

/** The other owner that is alive has one frame of every shard, and answers at once. */
const bus = {
  request: async (_subject: string, bytes: Uint8Array) => {
    const { shards } = decode(bytes, 'dataVectors').header;
    return encode('dataVectorsAre', { shards }, encodeVectors(shards.map(() => VECTOR)));
  },
} as unknown as Bus;
const pulls = { pull: async (replica: ShardReplica) => Number(Object.assign(replica, { table: { vector: VECTOR } }).shard > 0) } as unknown as Pulls;
const liveness = { isAlive: (node: number) => node === ALIVE, alive: () => [] } as unknown as LivenessView;

/** Time passes when somebody waits for it. */
function waitedClock(): Clock {
  let nowMs = 0;
  const after: Clock['after'] = (delayMs, onDue) => {
    nowMs += delayMs;
    setTimeout(onDue);
    return { cancel: () => undefined };
  };
  return { monotonicMs: () => nowMs, after } as Clock;
}

function replicasOf(count: number, others: readonly number[]): readonly ShardReplica[] {
  return Array.from({ length: count }, (_, shard) => ({ shard, table: { vector: EMPTY_VECTOR }, others, lostRowCount: 0 }) as unknown as ShardReplica);
}

/** @param onJoined none is joining any more */
function joiningOf(replicas: readonly ShardReplica[], onJoined: () => void): Joining {
  const ports: JoiningPorts = { bus, clock: waitedClock(), log: SILENT_LOG, metrics: SILENT_METRICS, liveness, pulls, subjects: subjectsOf('test') };
  const joining: Joining = new Joining(ports, { id: SELF, replicas: () => replicas, version: () => 1, onChange: () => (joining.isJoining ? undefined : onJoined()) });
  return joining;
}

test('X18: while an owner is silent, replicas cover those that answer, also more replicas than one question is about', async () => {
  const replicas = replicasOf(2 * LIMITS.vectorShardCountMax + 1, [ALIVE, SILENT]);
  await new Promise<void>((resolve) => joiningOf(replicas, resolve).begin(replicas));
  expect(replicas.filter(({ table }) => table.vector !== VECTOR).map(({ shard }) => shard)).toEqual([]);
  expect(replicas.every(({ verified }) => verified.count === 1 && verified.of === 2)).toBe(true);
});

test('X19: a gap that is noticed at any moment behind the last look is looked at too', async () => {
  for (let stepCount = 0; stepCount < 10; stepCount += 1) {
    const replicas = replicasOf(1, [ALIVE]);
    let joinedCount = 0;
    const joining: Joining = joiningOf(replicas, () => {
      joinedCount += 1;
      if (joinedCount === 1) void beginLater();
    });
    const beginLater = async (): Promise<void> => {
      for (let step = 0; step < stepCount; step += 1) await Promise.resolve();
      joining.begin(replicas);
    };
    joining.begin(replicas);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve));
    expect(joinedCount, `${stepCount} steps behind it`).toBe(2);
    expect(joining.isJoining).toBe(false);
  }
});
