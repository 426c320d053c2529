import type { TimestampNs } from '@varve/base';
import type { FieldValue, SeriesKey } from '@varve/model';
import { bestPoints } from './best-points.ts';
import { compareValues } from './selector.ts';

/**
 * n points at random: those of the least ranks, where a rank is a hash of the plan's seed, the series and the time (MR3). So
 * samples of shards merge into a sample of all, no shard counts what it has passed over, and no randomness is needed here.
 */
export const sample = bestPoints({
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  rankings:
    ({ seed }) =>
    (seriesKey, shardStartNs) =>
      randomRank(seed, seriesKey, shardStartNs),
  compareAtOneTime: (left, right) => compareValues(left.value, right.value),
});

/** 53 bits that depend on everything. */
function randomRank(seed: number, seriesKey: SeriesKey, shardStartNs: TimestampNs): (value: FieldValue, offsetNs: number) => number {
  const low = mixText(mix(seed | 0), seriesKey);
  const high = mix(low ^ 0x5bd1e995);
  const startLow = Number(BigInt.asUintN(32, shardStartNs));
  const startHigh = Number(BigInt.asIntN(32, shardStartNs >> 32n));
  return (_value, offsetNs) => {
    const timeLow = startLow + (offsetNs % 2 ** 32);
    const timeHigh = startHigh + Math.floor(offsetNs / 2 ** 32) + (timeLow >= 2 ** 32 ? 1 : 0);
    const first = mix(mix(low ^ timeLow) ^ timeHigh);
    const second = mix(mix(high ^ timeHigh) ^ timeLow ^ first);
    return (first >>> 0) * 2 ** 21 + (second >>> 11);
  };
}

function mixText(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) hash = mix(hash ^ text.charCodeAt(index));
  return hash;
}

/** Every bit of 32 in goes into every bit out; the finalizer of MurmurHash3. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
