import { assert, DbError } from '@varve/base';
import type { SeriesSlice } from '@varve/model';
import type { ShardStore } from '@varve/ports';
import type { SeriesRef } from '@varve/storage';
import type { PayloadCache } from './payload-cache.ts';
import type { ShardReplica } from './shard-replica.ts';

/** A flush or merge may replace the chunks of a plan while their payloads are fetched; then it is planned again. */
const PLAN_COUNT_MAX = 20;

/**
 * Reads one series of a shard: memtable and chunks, greatest version wins. Planning and merging happen without an await
 * between them, so what is merged is the shard at one instant.
 * @throws DbError STORAGE_CORRUPT, CHUNK_INVALID, SHARD_NOT_HERE
 */
export async function readSeries(
  from: { readonly replica: ShardReplica; readonly shardStore: ShardStore; readonly cache: PayloadCache },
  wanted: {
    readonly series: SeriesRef;
    readonly range: { readonly startOffsetNs: number; readonly endOffsetNs: number };
    readonly fields: readonly string[];
  },
): Promise<SeriesSlice> {
  const { replica } = from;
  const payloads = new Map<number, Uint8Array>();
  for (let planCount = 0; planCount < PLAN_COUNT_MAX; planCount += 1) {
    if (replica.isDropped) throw new DbError('SHARD_NOT_HERE', `shard ${replica.shard} was dropped`);
    const { chunkIds } = replica.table.planRead(wanted.series, wanted.range, wanted.fields);
    const missing = takeCached(from, chunkIds, payloads);
    if (missing.length === 0) return replica.table.read(wanted.series, wanted.range, wanted.fields, payloads);
    await fetchPayloads(from, missing, payloads);
  }
  throw new DbError('STORAGE_FAILED', `chunks of shard ${replica.shard} were not found in ${PLAN_COUNT_MAX} attempts: replaced meanwhile, or lost`);
}

function takeCached(
  { replica, cache }: { readonly replica: ShardReplica; readonly cache: PayloadCache },
  chunkIds: readonly number[],
  payloads: Map<number, Uint8Array>,
): number[] {
  const missing: number[] = [];
  for (const chunkId of chunkIds) {
    const payload = payloads.get(chunkId) ?? cache.get(`${replica.shard}/${chunkId}`);
    if (payload === undefined) missing.push(chunkId);
    else payloads.set(chunkId, payload);
  }
  return missing;
}

/** A chunk that a merge has removed meanwhile is left out; the next plan does not name it any more. */
async function fetchPayloads(
  { replica, shardStore, cache }: { readonly replica: ShardReplica; readonly shardStore: ShardStore; readonly cache: PayloadCache },
  chunkIds: readonly number[],
  payloads: Map<number, Uint8Array>,
): Promise<void> {
  const fetched = await shardStore.readPayloads(replica.shard, chunkIds);
  assert(fetched.length === chunkIds.length, `${fetched.length} payloads for ${chunkIds.length} chunks`);
  for (const [index, chunkId] of chunkIds.entries()) {
    const payload = fetched[index];
    if (payload === undefined) continue;
    payloads.set(chunkId, payload);
    cache.put(`${replica.shard}/${chunkId}`, payload);
  }
}
