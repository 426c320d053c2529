import { DbError, type DurationMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request, type LivenessView } from '@varve/kit';
import type { BatchSeries, NodeId, PointBatch, ShardGroup, ShardId } from '@varve/model';
import { knownSeriesOf, refusedSeries, seriesCountOf, seriesOf, withoutSeries, type DroppedRows, type OwnerSeries, type ShardSeries, type ShardSlice } from '@varve/placement';
import type { Bus, Log, Metrics } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import type { Subjects } from '@varve/wire';
import { KnownSeries } from './known-series.ts';

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

/** A batch as it was placed, with the catalog that its shards were met with. */
interface PlacedBatch {
  readonly series: readonly BatchSeries[];
  readonly slices: readonly ShardSlice[];
  readonly version: number;
}

/** What is asked about a shard; nothing but the number of its series when `asked` is empty. */
interface Question extends Pick<PlacedBatch, 'series' | 'version'> {
  readonly shard: ShardId;
  /** Indexes into `series`. */
  readonly asked: readonly number[];
}

/**
 * The limit of series of a shard group: docs/specs/series-limit.md. Acks tell how many series each shard has. A batch that fits
 * under the limit with all that it has passes at once, and so does one that fits with what is not known of it; else owners
 * are asked which of its series are new, and the last ones of these are refused.
 */
export class SeriesLimit {
  readonly #ports: SeriesLimitPorts;
  readonly #config: SeriesLimitConfig;
  /** The greatest number that was heard of each shard, or the newest answer: what decides whether to ask (SL6). */
  readonly #counts = new Map<ShardId, number>();
  /** What an owner has said it has, and need not be asked again. */
  readonly #known = new KnownSeries();

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
    const groups = seriesCountMax === 0 ? [] : new Set(slices.map(({ group }) => group));
    const tight = [...groups].filter((group) => !this.#hasRoom(group, series.length));
    if (tight.length === 0) return { slices, overLimit: NONE };
    const refused = new Map(await Promise.all(tight.map(async (group) => [group, await this.#refused(group, { series, slices, version })] as const)));
    const kept = slices.map((slice) => withoutSeries(slice, refused.get(slice.group) ?? NO_SERIES));
    const rowCount = rowCountOf(slices) - rowCountOf(kept);
    if (rowCount === 0) return { slices, overLimit: NONE };
    for (const each of refused.values()) this.#ports.metrics.add(names.seriesRefused, each.size);
    return { slices: kept.filter((slice) => slice.rowCount > 0), overLimit: { rowCount, reason: `max-series-per-database limit exceeded: (${seriesCountMax})` } };
  }

  /** For so many new series, as far as it is known; false while a shard was not heard of. */
  #hasRoom({ shards }: ShardGroup, seriesCount: number): boolean {
    const total = shards.reduce((sum, { id }) => sum + (this.#counts.get(id) ?? Infinity), seriesCount);
    return total <= this.#config.seriesCountMax;
  }

  async #refused(group: ShardGroup, { series, slices, version }: PlacedBatch): Promise<ReadonlySet<number>> {
    const placed = slices.filter((slice) => slice.group === group);
    const asked = new Map(placed.map((slice) => [slice.shardId, seriesOf(slice).filter((index) => !this.#known.has(slice.shardId, series[index]!.key))]));
    const askedCount = [...asked.values()].reduce((sum, { length }) => sum + length, 0);
    if (askedCount === 0 || this.#hasRoom(group, askedCount)) return NO_SERIES;
    const questions = group.shards.map(({ id: shard, owners }) => ({ shard, owners, version, series, asked: asked.get(shard) ?? [] }));
    return refusedSeries(await Promise.all(questions.map((question) => this.#askOwners(question))), this.#config.seriesCountMax);
  }

  async #askOwners({ owners, ...question }: Question & { readonly owners: readonly NodeId[] }): Promise<ShardSeries> {
    const { shard, asked, series } = question;
    const answers = await Promise.all(owners.map((owner) => this.#ask(owner, question)));
    const answered = { asked, answers, rememberedCount: this.#counts.get(shard) ?? 0 };
    if (answers.some((answer) => answer !== undefined)) this.#remember(shard, seriesCountOf(answered)); // Else it stays to be asked for (SL6).
    for (const index of knownSeriesOf(answered)) this.#known.add(shard, series[index]!.key);
    return answered;
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
  let totalLength = 0;
  for (const index of asked) {
    const { length } = series[index]!.key;
    totalLength += length + 1;
    if (totalLength > LIMITS.askedKeysLengthMax) {
      questions.push([]);
      totalLength = length + 1;
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
