import { DbError } from '@varve/base';
import type { PointBatch, ShardGroup } from '@varve/model';
import type { ShardSlice } from '@varve/placement';
import { SILENT_LOG, SILENT_METRICS } from '@varve/ports';
import { subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import { SeriesLimit, type SeriesLimitPorts } from './series-limit.ts';

test('SL6: a shard of which no owner has said anything is asked for again, and does not count as empty', async () => {
  let [isAlive, askedCount] = [false, 0];
  const bus = {
    request: async (): Promise<never> => {
      askedCount += 1;
      throw new DbError('BUS_TIMEOUT', 'nobody answers');
    },
  };
  const ports = { bus, log: SILENT_LOG, metrics: SILENT_METRICS, liveness: { isAlive: () => isAlive } } as unknown as SeriesLimitPorts;
  const limit = new SeriesLimit(ports, { subjects: subjectsOf('c'), seriesCountMax: 10, timeoutMs: 100 });
  const group = { shards: [{ id: 1, owners: [1] }, { id: 2, owners: [2] }] } as unknown as ShardGroup;
  const batch = { series: [{ key: 'm,s=1' }] } as unknown as PointBatch;
  const slice = { shardId: 1, group, rowCount: 1, tables: [{ table: { rowCount: 1, seriesIndexes: [0] }, rowIndexes: undefined }] } as unknown as ShardSlice;

  await limit.admit(batch, [slice], 1); // As after a start, before the first heartbeats: in doubt, accepted.
  expect(askedCount).toBe(0);
  limit.onCount(1, 5); // Its ack; shard 2 may be full.
  isAlive = true;
  await limit.admit(batch, [slice], 1);
  expect(askedCount).toBeGreaterThan(0);
});
