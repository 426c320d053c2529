import { DbError, type SizeBytes } from '@varve/base';
import type { ShardStore } from '@varve/ports';
import { fieldsToRead, type PlanShare } from '@varve/query';
import { WantedFields } from '@varve/storage';
import type { ScanThreads } from './scan-threads.ts';
import type { ShardReplica } from './shard-replica.ts';
import type { Given, Lacking, ShareAnswer, ShareJob } from './share-job.ts';

/** A thread lacks series and headers at first, then payloads. */
const ATTEMPT_COUNT_MAX = 4;
/** Where the rows of each are is found out at once; more is too long for the event loop. */
const SERIES_COUNT_MAX = 1_024;
/** A chunk is looked for series by series. */
const LOOK_COUNT_MAX = 1_000_000;
/** Of what a thread lacks at a time. A payload has all fields, and where few rows are wanted most of it is not read here. */
const GIVEN_SIZE_BYTES_MAX: SizeBytes = 16 * 1024 * 1024;

export interface Lender {
  readonly threads: ScanThreads;
  /** The plan that shares are of, as it travels: the same bytes each time. */
  readonly planBytes: () => Uint8Array;
  readonly replica: ShardReplica;
  readonly shardStore: ShardStore;
}

/** The frames of a share; undefined: it has to be done here. */
export type LentFrames = Promise<readonly Uint8Array[] | undefined>;

/**
 * Gives a share to a scan thread that has room. Undefined: none has, or the share is not for others (ST4).
 * @throws DbError CHUNK_INVALID, QUERY_LIMIT, STORAGE_FAILED: the promise rejects
 */
export function lendShare({ threads, planBytes, replica, shardStore }: Lender, share: PlanShare): LentFrames | undefined {
  if (!share.mayBeLent || !threads.hasRoom()) return undefined;
  const job = jobOf({ replica, planBytes, threads }, share);
  return job && threads.lend((scan) => doneElsewhere(scan, job, (lacking) => fetched(shardStore, job, share, lacking)));
}

function jobOf({ replica: { shard, table }, planBytes, threads }: Omit<Lender, 'shardStore'>, share: PlanShare): ShareJob | undefined {
  const { plan: { measurements, range: timeRange }, range, groups } = share;
  if (groups.reduce((count, { series }) => count + series.length, 0) > SERIES_COUNT_MAX) return undefined;
  const seriesIds = Uint32Array.from(groups.flatMap(({ series }) => series.map(({ seriesId }) => seriesId)));
  const excerpt = table.excerpt(seriesIds, range, new WantedFields(measurements.flatMap(fieldsToRead)));
  if (excerpt === undefined || excerpt.chunks.length * seriesIds.length > LOOK_COUNT_MAX) return undefined;
  return { shard, planBytes: planBytes(), measurement: measurements[0]!.name, range: timeRange, seriesIds, excerpt, cacheSizeBytesMax: threads.cacheSizeBytesMax, given: undefined };
}

async function doneElsewhere(scan: (job: ShareJob) => Promise<ShareAnswer>, job: ShareJob, fetch: (lacking: Lacking) => Promise<Given | undefined>): LentFrames {
  let { given } = job;
  for (let attemptCount = 0; attemptCount < ATTEMPT_COUNT_MAX; attemptCount += 1) {
    const answer = await scan({ ...job, given });
    if (answer.kind === 'frames') return answer.frames;
    if (answer.kind === 'tooLarge') return undefined;
    const more = await fetch(answer.lacking);
    if (more === undefined) return undefined;
    given = given === undefined ? more : together(given, more);
  }
  return undefined;
}

/** Undefined: it is too much, or a chunk is gone, or cannot be read; whoever reads it here finds out what that means. */
async function fetched(shardStore: ShardStore, { shard, excerpt }: ShareJob, { groups }: PlanShare, { series, headers, payloads }: Lacking): Promise<Given | undefined> {
  const sizes = new Map(excerpt.chunks.map(({ chunkId, headerSizeBytes, payloadSizeBytes }) => [chunkId, { headerSizeBytes, payloadSizeBytes }]));
  const headerSizeBytes = headers.reduce((sum, chunkId) => sum + sizes.get(chunkId)!.headerSizeBytes, 0);
  if (payloads.reduce((sum, chunkId) => sum + sizes.get(chunkId)!.payloadSizeBytes, headerSizeBytes) > GIVEN_SIZE_BYTES_MAX) return undefined;
  const wanted = new Set(series);
  const keys = wanted.size === 0 ? [] : groups.flatMap((group) => group.series.filter(({ seriesId }) => wanted.has(seriesId)));
  try {
    const [headerBytes, payloadBytes] = await Promise.all([shardStore.readHeaders(shard, headers), shardStore.readPayloads(shard, payloads)]);
    const [headersById, payloadsById] = [byId(headers, headerBytes), byId(payloads, payloadBytes)];
    return headersById && payloadsById && { series: new Map(keys.map(({ seriesId, key }) => [seriesId, key])), headers: headersById, payloads: payloadsById };
  } catch (error) {
    if (error instanceof DbError) return undefined;
    throw error;
  }
}

function byId(chunkIds: readonly number[], blobs: readonly (Uint8Array | undefined)[]): ReadonlyMap<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>();
  for (const [index, chunkId] of chunkIds.entries()) {
    const bytes = blobs[index];
    if (bytes === undefined) return undefined;
    found.set(chunkId, bytes);
  }
  return found;
}

function together(left: Given, right: Given): Given {
  return {
    series: new Map([...left.series, ...right.series]),
    headers: new Map([...left.headers, ...right.headers]),
    payloads: new Map([...left.payloads, ...right.payloads]),
  };
}
