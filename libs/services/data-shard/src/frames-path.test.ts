import { EMPTY_VECTOR, encodeVector, withMutation } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, type Journal, type ShardStore } from '@varve/ports';
import { JournalIndex } from '@varve/reconcile';
import { expect, test } from 'vitest';
import { Damage } from './damage.ts';
import { produceFrames } from './frames-path.ts';
import type { ShardReplica } from './shard-replica.ts';

test('Y11: a peer gets every frame but that of a damaged row, and is told of that one at the end', async () => {
  const counted: string[] = [];
  const metrics = { ...SILENT_METRICS, add: (name: string) => void counted.push(name) };
  const damage = new Damage({ log: SILENT_LOG, metrics, shardStore: {} as ShardStore });
  const journalIndex = new JournalIndex(1);
  const numbers = [1, 2, 3, 4];
  for (const number of numbers) journalIndex.add(number, { incarnation: 1, number });
  const vector = numbers.reduce((all, number) => withMutation(all, 1, number), EMPTY_VECTOR);
  const replica = { journalIndex, table: { vector } } as ShardReplica;
  const read: Journal['read'] = async function* (shard, afterSeq) {
    for (const seq of numbers.filter((each) => each > afterSeq)) yield seq === 2 ? { shard, seq, frame: undefined, damage: 'row 2 is damaged' } : { shard, seq, frame: Uint8Array.of(seq) };
  };
  const asked = { kind: 'dataFrames', header: { shard: 7, version: 0 }, payload: encodeVector(withMutation(EMPTY_VECTOR, 1, 4)) } as const;
  for (let round = 0; round < 2; round += 1) {
    const frames: number[] = [];
    const answer = (async (): Promise<void> => {
      for await (const frame of produceFrames({ replicaOf: async () => replica, damage, journal: { read } as Journal }, asked, new AbortController().signal)) frames.push(...frame);
    })();
    await expect(answer).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: 'row 2 is damaged', facts: { shard: 7, seq: 2 } });
    expect(frames).toEqual([1, 3]);
  }
  expect(counted, 'once').toEqual(['storage.damage']);
});
