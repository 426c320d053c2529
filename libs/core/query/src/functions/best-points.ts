import { DbError, type ByteReader, type ByteWriter, type TimestampNs } from '@varve/base';
import { parseSeriesKey, type Cell, type FieldType, type FieldValue, type SeriesKey } from '@varve/model';
import { decodeCell, decodeValue, encodeCell } from '../partial/cell-bytes.ts';
import { COLLECTED_VALUE_COUNT_MAX } from './collected.ts';
import type { FunctionDefinition, FunctionOptions, Merger, PartialState } from './function-definition.ts';
import type { Run } from './run.ts';
import { valueIn } from './vector.ts';

/**
 * Functions that keep the n best points of a window: MR2. Which ones these are is decided by a total order of points, so
 * that the n best of all shards are among the n best of each. With tags only the best point of each set of their values takes part.
 */
interface Ranking {
  readonly argumentTypes: readonly FieldType[];
  /** What a point is ranked by; equal ranks are ordered by time, then by series key. A lower one is better. */
  rankings(options: FunctionOptions): PointRanking;
  /** The order of points of one time in the answer. */
  compareAtOneTime(left: RankedPoint, right: RankedPoint): number;
}

/** Ranks the points of one series after the other: a function of the value and of the time, as an offset from a shard's start. */
type PointRanking = (seriesKey: SeriesKey, shardStartNs: TimestampNs) => (value: FieldValue, offsetNs: number) => number | bigint;

export interface RankedPoint {
  readonly value: FieldValue;
  readonly rank: number | bigint;
  /** Of one kind within a comparison: offsets on a data node, nanoseconds on the coordinator. */
  readonly time: number | bigint;
  readonly seriesKey: SeriesKey;
  readonly neighbours: readonly Cell[];
}

/** `parameter` is how many points are kept. */
export function bestPoints(ranking: Ranking): FunctionDefinition {
  return {
    argumentTypes: ranking.argumentTypes,
    isSelector: true,
    hasOwnRows: true,
    resultType: (type) => type,
    createPartial: (options, shardStartNs) => createPartial(ranking, options, shardStartNs),
    createMerger: (options) => createMerger(ranking, options),
  };
}

/** One slot's bytes are a part per point: value · f64 offset · series key · neighbour cells. */
function createPartial(ranking: Ranking, options: FunctionOptions, shardStartNs: TimestampNs): PartialState {
  const { neighbourCount } = options;
  const rankIn = ranking.rankings(options);
  const slots: BestPoints[] = [];
  let pointCount = 0;
  const addRun = (best: BestPoints, { vector, start, end, seriesKey, neighbours }: Run): void => {
    const rankOf = rankIn(seriesKey, shardStartNs);
    for (let index = start; index < end; index += 1) {
      const value = valueIn(vector, index);
      const time = vector.offsetsNs[index]!;
      const rank = rankOf(value, time);
      if (rank > best.rankMax) continue;
      const point = { value, rank, time, seriesKey, neighbours: NOTHING };
      if (best.wants(point)) best.keep(neighbourCount === 0 ? point : { ...point, neighbours: neighbours(index) });
    }
  };
  return {
    add: (slot, run) => {
      const best = (slots[slot] ??= new BestPoints(options));
      pointCount -= best.size;
      addRun(best, run);
      pointCount += best.size;
      assertHoldable(pointCount);
    },
    heldCount: () => pointCount,
    partCount: (slot) => slots[slot]?.best().length ?? 0,
    encode: (slot, part, writer) => encodePoint(writer, slots[slot]!.best()[part]!),
  };
}

function createMerger(ranking: Ranking, options: FunctionOptions): Merger {
  const rankIn = ranking.rankings(options);
  let best = new BestPoints(options);
  return {
    reset: () => {
      best = new BestPoints(options);
    },
    merge: (reader, shardStartNs) => {
      const point = decodePoint(reader, { rankIn, shardStartNs, neighbourCount: options.neighbourCount });
      if (best.wants(point)) best.keep(point);
      assertHoldable(best.size);
    },
    results: () => {
      const points = best.best().toSorted((left, right) => ranking.compareAtOneTime(left, right) || compareKeys(left, right));
      return points.map(({ value, time, neighbours }) => ({ value, timeNs: BigInt(time), neighbours }));
    },
  };
}

/** The best points so far, one per set of values of the tags; fewer than two times as many as are wanted. */
class BestPoints {
  readonly #count: number;
  readonly #tags: readonly string[];
  /** By the values of the tags, without any by running number. */
  #points = new Map<string | number, RankedPoint>();
  #keptCount = 0;
  /** So many are better than this one that nothing worse is wanted. */
  #bar: RankedPoint | undefined;
  #ranked: readonly RankedPoint[] | undefined;
  #seriesKey: SeriesKey | undefined;
  #group = '';

  constructor({ parameter = 1, tags }: FunctionOptions) {
    this.#count = parameter;
    this.#tags = tags;
  }

  /** No point of a greater rank is wanted. */
  get rankMax(): number | bigint {
    return this.#bar?.rank ?? Infinity;
  }

  get size(): number {
    return this.#points.size;
  }

  wants(point: RankedPoint): boolean {
    if (this.#bar !== undefined && comparePoints(point, this.#bar) >= 0) return false;
    const held = this.#tags.length === 0 ? undefined : this.#points.get(this.#groupOf(point.seriesKey));
    return held === undefined || comparePoints(point, held) < 0;
  }

  /** Takes a point that it wants. */
  keep(point: RankedPoint): void {
    this.#ranked = undefined;
    this.#points.set(this.#tags.length === 0 ? (this.#keptCount += 1) : this.#groupOf(point.seriesKey), point);
    if (this.#points.size >= 2 * this.#count) this.#prune();
  }

  /** The best first. */
  best(): readonly RankedPoint[] {
    return (this.#ranked ??= [...this.#points.values()].sort(comparePoints).slice(0, this.#count));
  }

  #prune(): void {
    const sorted = [...this.#points].sort(([, left], [, right]) => comparePoints(left, right)).slice(0, this.#count);
    this.#points = new Map(sorted);
    this.#bar = sorted.at(-1)![1];
  }

  #groupOf(seriesKey: SeriesKey): string {
    if (this.#seriesKey === seriesKey) return this.#group;
    const { tags } = parseSeriesKey(seriesKey);
    this.#seriesKey = seriesKey;
    this.#group = JSON.stringify(this.#tags.map((key) => tags.find(([name]) => name === key)?.[1] ?? ''));
    return this.#group;
  }
}

function comparePoints(left: RankedPoint, right: RankedPoint): number {
  if (left.rank !== right.rank) return left.rank < right.rank ? -1 : 1;
  if (left.time !== right.time) return left.time < right.time ? -1 : 1;
  return compareKeys(left, right);
}

function compareKeys(left: RankedPoint, right: RankedPoint): number {
  if (left.seriesKey === right.seriesKey) return 0;
  return left.seriesKey < right.seriesKey ? -1 : 1;
}

function assertHoldable(pointCount: number): void {
  if (pointCount <= COLLECTED_VALUE_COUNT_MAX) return;
  throw new DbError('QUERY_LIMIT', `more than ${COLLECTED_VALUE_COUNT_MAX} points would have to be held: ask for fewer, narrow the time range or widen the interval`);
}

function encodePoint(writer: ByteWriter, { value, time, seriesKey, neighbours }: RankedPoint): void {
  encodeCell(writer, value);
  writer.f64(Number(time)).text(seriesKey);
  for (const cell of neighbours) encodeCell(writer, cell);
}

interface Decoding {
  readonly rankIn: PointRanking;
  readonly shardStartNs: TimestampNs;
  readonly neighbourCount: number;
}

function decodePoint(reader: ByteReader, { rankIn, shardStartNs, neighbourCount }: Decoding): RankedPoint {
  const value = decodeValue(reader);
  const offsetNs = reader.wholeF64();
  const seriesKey = reader.text();
  const neighbours = Array.from({ length: neighbourCount }, () => decodeCell(reader));
  return { value, rank: rankIn(seriesKey, shardStartNs)(value, offsetNs), time: shardStartNs + BigInt(offsetNs), seriesKey, neighbours };
}

const NOTHING: readonly Cell[] = [];
