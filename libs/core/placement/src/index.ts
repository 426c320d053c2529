export { allShards, ownersOf, shardsForRange } from './owners-of.ts';
export { knownSeriesOf, refusedSeries, seriesCountOf, seriesOf, withoutSeries } from './limit-series.ts';
export { placeBatch } from './place-batch.ts';
export { shardIndexOf } from './series-hash.ts';
export type { NewField } from './check-fields.ts';
export type { OwnerSeries, ShardSeries } from './limit-series.ts';
export type { PlacedShard, ReadShard } from './owners-of.ts';
export type { DroppedRows, Placement, PlacementTarget, ShardSlice } from './place-batch.ts';
