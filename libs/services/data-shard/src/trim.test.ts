import { LIMITS } from '@varve/config';
import type { LivenessView } from '@varve/kit';
import { EMPTY_VECTOR, encodeVectors, withMutation } from '@varve/model';
import { SILENT_LOG, type Bus, type Clock, type Journal } from '@varve/ports';
import { JournalIndex } from '@varve/reconcile';
import { decode, encode, subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import type { ShardReplica } from './shard-replica.ts';
import { Trims } from './trim.ts';

const ALIVE = 2;
const SILENT = 3;

/** The other owner that is alive has one frame of every shard. */
const bus = {
  request: async (_subject: string, bytes: Uint8Array) => {
    const { shards } = decode(bytes, 'dataVectors').header;
    return encode('dataVectorsAre', { shards }, encodeVectors(shards.map(() => withMutation(EMPTY_VECTOR, 1, 1))));
  },
} as unknown as Bus;
const liveness = { isAlive: (node: number) => node === ALIVE } as unknown as LivenessView;

/** Its one row is in chunks. */
function replicaOf(shard: number, others: readonly number[]): ShardReplica {
  const journalIndex = new JournalIndex(1);
  journalIndex.add(1, { incarnation: 1, number: 1 });
  return { shard, others, journalIndex, table: { flushedSeq: 1 }, isDropped: false } as unknown as ShardReplica;
}

test('X6: rows that everybody has are let go in each round, however many shards keep theirs for an owner that is silent', async () => {
  const kept = Array.from({ length: LIMITS.vectorShardCountMax }, (_, shard) => replicaOf(shard, [ALIVE, SILENT]));
  const replicas = [...kept, replicaOf(kept.length, [ALIVE])];
  const trimmed: string[] = [];
  const journal = { trim: async (shard: number, throughSeq: number) => void trimmed.push(`${shard} to ${throughSeq}`) } as unknown as Journal;
  await new Promise<void>((resolve) => {
    let roundCount = 0;
    const after: Clock['after'] = (_delayMs, onDue) => {
      if (roundCount === 1) resolve();
      else setTimeout(onDue);
      roundCount += 1;
      return { cancel: () => undefined };
    };
    new Trims({ bus, clock: { after } as Clock, log: SILENT_LOG, journal, liveness, subjects: subjectsOf('test') }, { replicas: () => replicas, version: () => 1 }).start();
  });
  expect(trimmed).toEqual([`${kept.length} to 1`]);
});
