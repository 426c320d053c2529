import type { SeriesKey } from '@varve/model';
import type { ShardSource, SourceSeries } from '@varve/query';
import { expect, test } from 'vitest';
import { CountingSource } from './counting-source.ts';

const seriesOf = (seriesId: number): SourceSeries => ({ seriesId, key: `m,h=${seriesId}` as SeriesKey, tags: [] });

test('brief rows stay what they are until they are taken, whoever reads meanwhile', async () => {
  const lent = new Float64Array(1);
  const source: ShardSource = {
    startNs: 0n,
    series: () => [],
    reader: () => ({ seriesId }) => {
      lent[0] = seriesId;
      return [{ offsetsNs: lent, columns: [] }];
    },
  };
  // As a plan takes them.
  const take = async (seriesId: number): Promise<readonly number[]> => {
    const counting = new CountingSource(source);
    const pieces = counting.reader({ fields: [], isBrief: true })(seriesOf(seriesId), { startOffsetNs: 0, endOffsetNs: 9 });
    const taken: number[] = [];
    for (const piece of pieces instanceof Promise ? await pieces : pieces) if ('offsetsNs' in piece) taken.push(...piece.offsetsNs);
    expect(counting.counts).toEqual({ seriesCount: 1, rowCount: 1, summaryCount: 0, summarizedRowCount: 0 });
    return taken;
  };
  expect(await Promise.all([take(1), take(2)])).toEqual([[1], [2]]);
});
