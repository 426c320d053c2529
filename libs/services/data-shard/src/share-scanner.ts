import { equalBytes, type SizeBytes } from '@varve/base';
import { parseSeriesKey, type ShardId } from '@varve/model';
import { runShardPlan, shardPlanCodec, type ShardPlan, type ShardSource, type SourceSeries } from '@varve/query';
import { checkPayload, excerptRowCountIn, namingChunk, openHeader, planExcerptRead, readPieces, timesInExcerpt, WantedFields, type ChunkBytes, type ChunkHeader } from '@varve/storage';
import { CachedChunks, ChunkCache } from './chunk-cache.ts';
import type { Lacking, ShareAnswer, ShareJob } from './share-job.ts';

export type { ShareAnswer, ShareJob };

/** A share is cut to a fraction of it, as far as the shard knows. */
const FRAMES_SIZE_BYTES_MAX: SizeBytes = 16 * 1024 * 1024;
/** As many as an index of series keeps for queries; when full all are forgotten. */
const SERIES_COUNT_MAX = 16_384;

/**
 * Does shares of plans, with chunks and series of jobs before: none of them ever changes, so they decide nothing but what is asked
 * for (ST3).
 */
export class ShareScanner {
  /** Of the size that the first job says. */
  #chunks: ChunkCache | undefined;
  readonly #series = new Map<string, SourceSeries>();
  #plan: { readonly bytes: Uint8Array; readonly plan: ShardPlan } | undefined;

  /** @throws DbError CHUNK_INVALID with the fact `chunkId`, QUERY_LIMIT */
  async scan(job: ShareJob): Promise<ShareAnswer> {
    const series = this.#seriesOf(job);
    this.#chunks ??= new ChunkCache(job.cacheSizeBytesMax);
    const bytes = new JobBytes(job, new CachedChunks(this.#chunks, job.shard));
    if (series.missing.length > 0 || bytes.missingHeaders.length > 0) return lacking({ series: series.missing, headers: bytes.missingHeaders });
    const frames: Uint8Array[] = [];
    let sizeBytes: SizeBytes = 0;
    const plan = this.#planOf(job);
    for await (const frame of runShardPlan(plan, sourceOf(job, series.found, { bytes, isShort: isShort(plan) }))) {
      frames.push(frame);
      sizeBytes += frame.length;
      if (sizeBytes > FRAMES_SIZE_BYTES_MAX) return { kind: 'tooLarge' };
    }
    return bytes.missingPayloads.size === 0 ? { kind: 'frames', frames } : lacking({ payloads: [...bytes.missingPayloads] });
  }

  /** Shares of one plan come one after the other. */
  #planOf({ planBytes, measurement, range }: ShareJob): ShardPlan {
    if (this.#plan === undefined || !equalBytes(this.#plan.bytes, planBytes)) this.#plan = { bytes: planBytes.slice(), plan: shardPlanCodec.decode(planBytes) };
    const { plan } = this.#plan;
    return { ...plan, measurements: plan.measurements.filter(({ name }) => name === measurement), range };
  }

  #seriesOf({ shard, seriesIds, given }: ShareJob): { readonly found: readonly SourceSeries[]; readonly missing: readonly number[] } {
    const [found, missing]: [SourceSeries[], number[]] = [[], []];
    for (const seriesId of seriesIds) {
      const key = given?.series.get(seriesId);
      const series = key === undefined ? this.#series.get(nameOf(shard, seriesId)) : { seriesId, key, tags: parseSeriesKey(key).tags };
      if (series === undefined) missing.push(seriesId);
      else found.push(series);
    }
    for (const seriesId of given?.series.keys() ?? []) this.#remember(shard, found.find((each) => each.seriesId === seriesId)!);
    return { found, missing };
  }

  #remember(shard: ShardId, series: SourceSeries): void {
    if (this.#series.size >= SERIES_COUNT_MAX) this.#series.clear();
    this.#series.set(nameOf(shard, series.seriesId), series);
  }
}

interface Reading {
  readonly bytes: JobBytes;
  /** Behind rows that are missing none may be wanted. */
  readonly isShort: boolean;
}

/** A few rows or windows of each group are wanted. */
function isShort({ output }: ShardPlan): boolean {
  return (output.kind === 'rows' ? output.rowCountMax : output.wantedWindowCount) !== undefined;
}

/** What the job is done with: payloads that are missing are noted, and the job is done once more with them. */
function sourceOf({ excerpt }: ShareJob, series: readonly SourceSeries[], { bytes, isShort }: Reading): ShardSource {
  const incomplete = new Set<number>();
  return {
    startNs: excerpt.startNs,
    series: () => series,
    timesOf: ({ seriesId }) => timesInExcerpt(excerpt, seriesId),
    rowCountIn: ({ seriesId }, range) => excerptRowCountIn(excerpt, seriesId, range),
    reader: ({ fields, ...question }) => {
      const wanted = new WantedFields(fields);
      return ({ seriesId }, range) => {
        if (isShort && incomplete.has(seriesId)) return [];
        const read = { ...question, seriesId, range, fields: wanted };
        const plan = planExcerptRead(excerpt, read, bytes);
        if (plan.missingPayloads.length === 0) return readPieces(read, plan, bytes);
        for (const chunkId of plan.missingPayloads) bytes.missingPayloads.add(chunkId);
        incomplete.add(seriesId);
        return [];
      };
    },
  };
}

/** Bytes of a job's chunks: what was given stays until its end, whatever the cache lets go of. */
class JobBytes implements ChunkBytes {
  readonly missingHeaders: readonly number[];
  readonly missingPayloads = new Set<number>();
  readonly #headers = new Map<number, ChunkHeader>();
  readonly #payloads = new Map<number, Uint8Array>();
  readonly #cache: CachedChunks;

  /** @throws DbError CHUNK_INVALID */
  constructor({ excerpt: { chunks }, given }: ShareJob, cache: CachedChunks) {
    this.#cache = cache;
    for (const chunk of chunks) {
      const { chunkId } = chunk;
      const bytes = given?.headers.get(chunkId);
      const header = bytes === undefined ? cache.header(chunkId) : namingChunk(chunkId, () => openHeader(chunk, bytes));
      if (header === undefined) continue;
      this.#headers.set(chunkId, header);
      if (bytes !== undefined) cache.putHeader(chunkId, header);
    }
    this.missingHeaders = chunks.map(({ chunkId }) => chunkId).filter((chunkId) => !this.#headers.has(chunkId));
    for (const [chunkId, bytes] of given?.payloads ?? []) this.#take(chunkId, bytes.slice()); // Buffers of a job are not its reader's.
  }

  header(chunkId: number): ChunkHeader | undefined {
    return this.#headers.get(chunkId);
  }

  payload(chunkId: number): Uint8Array | undefined {
    return this.#payloads.get(chunkId) ?? this.#cache.payload(chunkId);
  }

  #take(chunkId: number, payload: Uint8Array): void {
    const header = this.#headers.get(chunkId);
    if (header === undefined) return; // It comes with the next attempt: its header was let go of meanwhile.
    namingChunk(chunkId, () => checkPayload(header, payload));
    this.#payloads.set(chunkId, payload);
    this.#cache.putPayload(chunkId, payload);
  }
}

function lacking(some: Partial<Lacking>): ShareAnswer {
  return { kind: 'lacking', lacking: { series: [], headers: [], payloads: [], ...some } };
}

function nameOf(shard: ShardId, seriesId: number): string {
  return `${shard}/${seriesId}`;
}
