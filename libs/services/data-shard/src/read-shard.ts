import { DbError } from '@varve/base';
import type { OffsetRange, SeriesPiece, SeriesRead } from '@varve/storage';
import { ChunksAtHand, type ChunkSource } from './chunk-bytes.ts';

/** A flush or merge may replace the chunks of a plan while their bytes are fetched; then it is planned again. */
const PLAN_COUNT_MAX = 20;

/**
 * Reads one series of a shard: memtable and chunks, greatest version wins. Planning and merging happen without an await
 * between them, so what is merged is the shard at one instant; the pieces must be taken before the next await. Where all bytes
 * are at hand there is nothing to wait for. Behind an await somebody else may read before the rows are looked at: they are not brief then.
 * @throws DbError CHUNK_INVALID with the fact `chunkId`, SHARD_NOT_HERE
 */
export function readSeries(from: ChunkSource, read: SeriesRead): Promise<Iterable<SeriesPiece>> | Iterable<SeriesPiece> {
  const { cache, replica: { table, isDropped } } = from;
  if (cache === undefined || isDropped) return readFetched(from, read);
  const plan = table.planRead(read, cache);
  const isAtHand = plan.missingHeaders.length === 0 && plan.missingPayloads.length === 0;
  return isAtHand ? table.read(read, plan, cache) : readFetched(from, read);
}

/** As a read whose rows are looked at in a later microtask. */
export function lasting(read: SeriesRead): SeriesRead {
  return read.isBrief === true ? { ...read, isBrief: false } : read;
}

async function readFetched(from: ChunkSource, asked: SeriesRead): Promise<Iterable<SeriesPiece>> {
  const read = lasting(asked);
  const { table, shard } = from.replica;
  const bytes = new ChunksAtHand(from);
  let missing: number | undefined;
  for (let planCount = 0; planCount < PLAN_COUNT_MAX; planCount += 1) {
    if (from.replica.isDropped) throw new DbError('SHARD_NOT_HERE', `shard ${shard} was dropped`);
    const plan = table.planRead(read, bytes);
    missing = plan.missingHeaders[0]?.chunkId ?? plan.missingPayloads[0];
    if (plan.missingHeaders.length > 0) await bytes.fetchHeaders(plan.missingHeaders);
    else if (plan.missingPayloads.length > 0) await bytes.fetchPayloads(plan.missingPayloads);
    else return table.read(read, plan, bytes);
  }
  throw new DbError('CHUNK_INVALID', `a chunk of shard ${shard} was not found in its file in ${PLAN_COUNT_MAX} attempts`, { chunkId: missing });
}

/**
 * Whether a series of a shard has a row in a half-open range that no delete hides. Bytes are fetched as far as they are needed.
 * @throws DbError CHUNK_INVALID with the fact `chunkId`, SHARD_NOT_HERE
 */
export async function hasRow(from: ChunkSource, seriesId: number, range: OffsetRange): Promise<boolean> {
  const { table, shard } = from.replica;
  const bytes = new ChunksAtHand(from);
  const fetched = new Set<number>();
  for (let vainCount = 0; vainCount < PLAN_COUNT_MAX; ) {
    if (from.replica.isDropped) throw new DbError('SHARD_NOT_HERE', `shard ${shard} was dropped`);
    const search = table.findRow(seriesId, range, bytes);
    if (search.kind === 'missingHeaders') {
      await bytes.fetchHeaders(search.chunks);
      vainCount += 1; // They are fetched together: more are missing only after a flush or merge.
    } else if (search.kind === 'missingPayload') {
      await bytes.fetchPayloads([search.chunkId]);
      if (fetched.has(search.chunkId)) vainCount += 1;
      fetched.add(search.chunkId);
    } else return search.kind === 'found';
  }
  throw new DbError('CHUNK_INVALID', `a chunk of shard ${shard} was not found in its file in ${PLAN_COUNT_MAX} attempts`, { chunkId: [...fetched].at(-1) });
}
