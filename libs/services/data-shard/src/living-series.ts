import { DbError } from '@varve/base';
import type { SeriesQuestion, SeriesSource } from '@varve/query';
import { compileTagFilter } from '@varve/query';
import type { SeriesRef } from '@varve/storage';
import { ChunksAtHand, type ChunkSource } from './chunk-bytes.ts';
import type { Turns } from './turns.ts';

/** Bytes of chunks that were fetched for so many series are let go of together. */
const BATCH_COUNT = 256;
/** A flush or merge may replace chunks while their bytes are fetched; then it is looked again. */
const LOOK_COUNT_MAX = 20;

/**
 * What a shard answers of its series when something was deleted in it: those that have a cell which shows (D4). Where nothing ever was, the
 * table itself is the answer. What was found out is remembered by the table.
 * @throws DbError SHARD_NOT_HERE
 */
export async function livingSeries(from: ChunkSource, question: SeriesQuestion, turns: Turns): Promise<SeriesSource> {
  const { table } = from.replica;
  if (!table.hadDeletes) return table;
  const living = new Map<string, readonly SeriesRef[]>();
  const filter = compileTagFilter(question.filter);
  for (const measurement of question.measurements) {
    const asked = table.series(measurement, question.wants === 'tagKeys' ? { kind: 'all' } : filter);
    living.set(measurement, await livingOf(from, asked, turns, question.wants === 'measurements' ? 1 : Infinity));
  }
  const of = (measurement: string): readonly SeriesRef[] => living.get(measurement) ?? [];
  return {
    series: of,
    hasAny: (measurement) => of(measurement).length > 0,
    tagKeys: (measurement) => [...new Set(of(measurement).flatMap(({ tags }) => tags.map(([key]) => key)))].sort(),
  };
}

/** The first ones of these series that live. */
async function livingOf(from: ChunkSource, series: readonly SeriesRef[], turns: Turns, countMax: number): Promise<readonly SeriesRef[]> {
  const living: SeriesRef[] = [];
  let bytes = new ChunksAtHand(from);
  for (const [index, each] of series.entries()) {
    if (living.length >= countMax) break;
    if (index % BATCH_COUNT === BATCH_COUNT - 1) bytes = new ChunksAtHand(from);
    if (await doesLive(from, each.seriesId, bytes)) living.push(each);
    await turns.maybeRest();
  }
  return living;
}

/** A series of which a chunk is damaged is listed: what it has is not known, and a query says so. */
async function doesLive({ replica }: ChunkSource, seriesId: number, bytes: ChunksAtHand): Promise<boolean> {
  for (let lookCount = 0; lookCount < LOOK_COUNT_MAX; lookCount += 1) {
    if (replica.isDropped) throw new DbError('SHARD_NOT_HERE', `shard ${replica.shard} was dropped`);
    try {
      const seen = replica.table.look(seriesId, bytes);
      if (typeof seen === 'boolean') return seen;
      if (seen.missingHeaders.length > 0) await bytes.fetchHeaders(seen.missingHeaders);
      else await bytes.fetchPayloads(seen.missingPayloads);
    } catch (error) {
      if (!(error instanceof DbError) || error.code !== 'CHUNK_INVALID') throw error;
      return true;
    }
  }
  return true;
}
