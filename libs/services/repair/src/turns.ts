import { assert } from '@varve/base';
import type { PlacedShard } from '@varve/placement';

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
