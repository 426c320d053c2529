import type { ChunkDirectory } from './directory/chunk-directory.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import type { MergePlan } from './merge-job.ts';
import type { SeriesIndex } from './series-index.ts';
import type { IdSet } from './series-index/id-set.ts';
import { mayHide, type HeldTombstone } from './tombstones.ts';

/** Where the flushed rows of a shard replica are. */
interface ShardPlaces {
  readonly index: SeriesIndex;
  readonly directory: ChunkDirectory;
}

/**
 * How tombstones leave that are in the file, and that nothing is below which is not in it, now or later. First chunks that may
 * hold something hidden are written anew, some at a time; when there is none, the tombstones go, but for those that may hide rows of
 * a damaged chunk. Undefined: nothing can be done now.
 */
export function planCollect(passed: readonly HeldTombstone[], { index, directory }: ShardPlaces): MergePlan | undefined {
  const free: number[] = [];
  for (const tombstone of passed) {
    let ids: readonly IdSet[] | undefined;
    const mayHideSome = (chunk: StoredChunkLike): boolean => overlaps(chunk, tombstone) && hasAny(chunk, (ids ??= idsOf(tombstone, index)));
    const chunks = directory.planRewrite(mayHideSome);
    if (chunks !== undefined) return { chunks, isRewrite: true, tombstoneSeqs: [] };
    if (!directory.hasGivenUp(mayHideSome)) free.push(tombstone.seq);
  }
  return free.length === 0 ? undefined : { chunks: [], isRewrite: true, tombstoneSeqs: free };
}

/** The series that it matches: a set per measurement. */
function idsOf({ measurement, filter }: HeldTombstone, index: SeriesIndex): readonly IdSet[] {
  const measurements = measurement === undefined ? index.measurements() : [measurement];
  return measurements.map((each) => index.idsOf(each, filter));
}

/** Whether a chunk was written before the tombstone came, and has some of its times. */
function overlaps({ writtenSeq, minOffsetNs, maxOffsetNs }: StoredChunkLike, tombstone: HeldTombstone): boolean {
  return writtenSeq < tombstone.seq && mayHide(tombstone, { minNs: minOffsetNs, maxNs: maxOffsetNs });
}

function hasAny({ firstSeriesId, lastSeriesId }: StoredChunkLike, ids: readonly IdSet[]): boolean {
  return ids.some((each) => each.hasAny(firstSeriesId, lastSeriesId));
}
