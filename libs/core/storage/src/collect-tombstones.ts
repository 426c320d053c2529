import type { ChunkDirectory } from './directory/chunk-directory.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import type { MergePlan } from './shard-jobs.ts';
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
    let ids: IdSet | undefined;
    const mayHideSome = (chunk: StoredChunkLike): boolean => {
      if (!overlaps(chunk, tombstone)) return false;
      ids ??= index.idsOf(tombstone.measurement, tombstone.filter);
      return ids.hasAny(chunk.firstSeriesId, chunk.lastSeriesId);
    };
    const chunks = directory.planRewrite(mayHideSome);
    if (chunks !== undefined) return { chunks, isRewrite: true, tombstoneSeqs: [] };
    if (!directory.hasGivenUp(mayHideSome)) free.push(tombstone.seq);
  }
  return free.length === 0 ? undefined : { chunks: [], isRewrite: true, tombstoneSeqs: free };
}

/** Whether a chunk was written before the tombstone came, and has some of its times. */
function overlaps({ writtenSeq, minOffsetNs, maxOffsetNs }: StoredChunkLike, tombstone: HeldTombstone): boolean {
  return writtenSeq < tombstone.seq && mayHide(tombstone, { minNs: minOffsetNs, maxNs: maxOffsetNs });
}
