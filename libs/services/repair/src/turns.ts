import { assert } from '@varve/base';
import type { Catalog } from '@varve/model';
import { allShards, type PlacedShard } from '@varve/placement';

/**
 * The shards that a round looks at: half of the places go to the newest windows, where writes are, every time; the rest take
 * turns in the other half. All of them when they fit.
 */
export function turnOf(shards: readonly PlacedShard[], round: number, countMax: number): readonly PlacedShard[] {
  assert(countMax >= 2, `rounds of ${countMax} shards`);
  const newestFirst = shards.toSorted((left, right) => Number(right.range.startNs - left.range.startNs) || left.shard.id - right.shard.id);
  if (newestFirst.length <= countMax) return newestFirst;
  const hotCount = Math.floor(countMax / 2);
  const rest = newestFirst.slice(hotCount);
  const turnCount = Math.ceil(rest.length / (countMax - hotCount));
  const first = (round % turnCount) * (countMax - hotCount);
  return [...newestFirst.slice(0, hotCount), ...rest.slice(first, first + countMax - hotCount)];
}

/** Those of these shards that a newer catalog has with the same owners: the others have their turn with that catalog. */
export function unmoved(shards: readonly PlacedShard[], catalog: Catalog): readonly PlacedShard[] {
  const epochs = new Map(allShards(catalog).map(({ shard }) => [shard.id, shard.epoch]));
  return shards.filter(({ shard }) => epochs.get(shard.id) === shard.epoch);
}
