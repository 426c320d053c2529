import { DbError, type DurationMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request, type LivenessView } from '@varve/kit';
import type { BatchSeries, NodeId, PointBatch, ShardGroup, ShardId } from '@varve/model';
import { refusedSeries, seriesCountOf, seriesOf, withoutSeries, type DroppedRows, type OwnerSeries, type ShardSeries, type ShardSlice } from '@varve/placement';
import type { Bus, Log, Metrics } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import type { Subjects } from '@varve/wire';

/** Shards remembered; then all are forgotten and asked for again, dropped ones not among them. */
const SHARD_COUNT_MAX = 100_000;

export interface SeriesLimitPorts {
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly liveness: LivenessView;
}

export interface SeriesLimitConfig {
  readonly subjects: Subjects;
  /** Of one shard group; 0 is no limit. */
  readonly seriesCountMax: number;
  /** An owner that has not answered by then is in doubt (SL4). */
  readonly timeoutMs: DurationMs;
}

/** What may be sent of a placed batch, and what may not. */
export interface Admission {
  readonly slices: readonly ShardSlice[];
  readonly overLimit: DroppedRows;
}

/** A question about some series of a shard. */
interface Question {
  readonly shard: ShardId;
  /** The catalog with which the shard was met. */
  readonly version: number;
  readonly asked: readonly number[];
  readonly series: readonly BatchSeries[];
}

/**
 * The limit of series of a shard group: docs/specs/series-limit.md. Acks tell how many series each shard has. A batch that fits
 * under the limit with all that it has passes at once; else owners are asked which of its series are new, and the last ones
 * of these are refused.
 */
export class SeriesLimit {
  readonly #ports: SeriesLimitPorts;
  readonly #config: SeriesLimitConfig;
  /** The greatest number that was heard of each shard, or the newest answer: what decides whether to ask (SL6). */
  readonly #counts = new Map<ShardId, number>();

  constructor(ports: SeriesLimitPorts, config: SeriesLimitConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  /** An owner has so many series of a shard. */
  onCount(shard: ShardId, seriesCount: number): void {
    if (seriesCount > (this.#counts.get(shard) ?? -1)) this.#remember(shard, seriesCount);
  }

  /** Resolves with the slices as they were, or without the rows of refused series (SL2). */
  async admit({ series }: PointBatch, slices: readonly ShardSlice[], version: number): Promise<Admission> {
    const { seriesCountMax } = this.#config;
    const tight = seriesCountMax === 0 ? [] : this.#tightGroups(slices, series.length);
    if (tight.length === 0) return { slices, overLimit: NONE };
    const refused = new Map(await Promise.all(tight.map(async (group) => [group, await this.#refused(group, { slices, series, version })] as const)));
    const kept = slices.map((slice) => withoutSeries(slice, refused.get(slice.group) ?? NO_SERIES));
    const rowCount = rowCountOf(slices) - rowCountOf(kept);
    if (rowCount === 0) return { slices, overLimit: NONE };
    for (const each of refused.values()) this.#ports.metrics.add(names.seriesRefused, each.size);
    return { slices: kept.filter((slice) => slice.rowCount > 0), overLimit: { rowCount, reason: `max-series-per-database limit exceeded: (${seriesCountMax})` } };
  }

  /** Those that have no room for all series of the batch, as far as it is known. */
  #tightGroups(slices: readonly ShardSlice[], seriesCount: number): readonly ShardGroup[] {
    const groups = new Set(slices.map(({ group }) => group));
    const countOf = (sum: number, { id }: { readonly id: ShardId }): number => sum + (this.#counts.get(id) ?? Infinity);
    return [...groups].filter(({ shards }) => shards.reduce(countOf, seriesCount) > this.#config.seriesCountMax);
  }

  async #refused(group: ShardGroup, { slices, series, version }: Pick<PointBatch, 'series'> & { readonly slices: readonly ShardSlice[]; readonly version: number }): Promise<ReadonlySet<number>> {
    const placed = new Map(slices.map((slice) => [slice.shardId, slice]));
    const shards = await Promise.all(
      group.shards.map(async ({ id: shard, owners }): Promise<ShardSeries> => {
        const slice = placed.get(shard);
        const asked = slice === undefined ? [] : seriesOf(slice);
        const answers = await Promise.all(owners.map((owner) => this.#ask(owner, { shard, version, asked, series })));
        const answered = { asked, answers, rememberedCount: this.#counts.get(shard) ?? 0 };
        this.#remember(shard, seriesCountOf(answered));
        return answered;
      }),
    );
    return refusedSeries(shards, this.#config.seriesCountMax);
  }

  /** undefined: it is silent, or does not answer in time. */
  async #ask(owner: NodeId, { shard, version, asked, series }: Question): Promise<OwnerSeries | undefined> {
    const { bus, log, liveness } = this.#ports;
    const { subjects, timeoutMs } = this.#config;
    if (!liveness.isAlive(owner)) return undefined;
    const to = { subject: subjects.dataKnown(owner), timeoutMs, answerKind: 'dataKnownIs' } as const;
    const askFor = async (part: readonly number[]): Promise<OwnerSeries> => {
      const keys = part.map((index) => series[index]!.key);
      const { header } = await request(bus, to, { kind: 'dataKnown', header: { shard, version, keys } });
      return { ...header, unknown: new Set(header.unknown.flatMap((place) => part[place] ?? [])) };
    };
    try {
      return joined(await Promise.all(inQuestions(asked, series).map(askFor)));
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('Owner did not say which series it has; they are accepted', { owner, shard, code: error.code, reason: error.message });
      return undefined;
    }
  }

  #remember(shard: ShardId, seriesCount: number): void {
    if (this.#counts.size >= SHARD_COUNT_MAX && !this.#counts.has(shard)) this.#counts.clear();
    this.#counts.set(shard, seriesCount);
  }
}

const NONE: DroppedRows = { rowCount: 0, reason: '' };
const NO_SERIES: ReadonlySet<number> = new Set();

/** At least one question, for the number of series alone if need be; each fits into a bus message. */
function inQuestions(asked: readonly number[], series: readonly BatchSeries[]): readonly (readonly number[])[] {
  const questions: number[][] = [[]];
  let length = 0;
  for (const index of asked) {
    length += series[index]!.key.length;
    if (length > LIMITS.askedKeysLengthMax) {
      questions.push([]);
      length = series[index]!.key.length;
    }
    questions.at(-1)!.push(index);
  }
  return questions;
}

/** The answers of one owner to several questions about a shard. */
function joined(answers: readonly OwnerSeries[]): OwnerSeries {
  return {
    seriesCount: Math.max(...answers.map(({ seriesCount }) => seriesCount)),
    unknown: new Set(answers.flatMap(({ unknown }) => [...unknown])),
  };
}

function rowCountOf(slices: readonly ShardSlice[]): number {
  return slices.reduce((sum, { rowCount }) => sum + rowCount, 0);
}
