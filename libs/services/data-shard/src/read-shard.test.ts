import { WantedFields, type ReadPlan, type SeriesRead } from '@varve/storage';
import { expect, test } from 'vitest';
import type { ChunkSource } from './chunk-bytes.ts';
import { CachedChunks, ChunkCache } from './chunk-cache.ts';
import { readSeries } from './read-shard.ts';

// Methodology: a table that plans what it is told to, and notes how it is read. Brief rows lie in a buffer that all readers of the
// process share: whoever reads next overwrites them.
function sourceOf(plans: readonly Partial<ReadPlan>[]): { readonly from: ChunkSource; readonly briefs: unknown[] } {
  const briefs: unknown[] = [];
  const left = plans.map((plan): ReadPlan => ({ sources: [], missingHeaders: [], missingPayloads: [], ...plan }));
  const table = {
    planRead: () => left.shift(),
    read: ({ isBrief }: SeriesRead) => {
      briefs.push(isBrief);
      return [];
    },
  };
  const shardStore = { readHeaders: async () => [], readPayloads: async () => [undefined] };
  return { from: { replica: { shard: 1, isDropped: false, table }, shardStore, cache: new CachedChunks(new ChunkCache(0), 1) } as unknown as ChunkSource, briefs };
}

const READ: SeriesRead = { seriesId: 1, range: { startOffsetNs: 0, endOffsetNs: 1 }, fields: new WantedFields(['f']), isBrief: true };

test('rows are brief only where they are looked at before anything else can be read', async () => {
  const atHand = sourceOf([{}]);
  expect(readSeries(atHand.from, READ)).not.toBeInstanceOf(Promise);
  expect(atHand.briefs).toEqual([true]);
  const missing = { missingPayloads: [7] };
  const fetched = sourceOf([missing, missing, {}]);
  await readSeries(fetched.from, READ);
  expect(fetched.briefs).toEqual([false]);
});
