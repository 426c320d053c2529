import { ByteReader, ByteWriter, DbError, type SizeBytes } from '@varve/base';
import { limitProblem, type SelectCounts, type SelectLimits } from './select-limits.ts';

/**
 * What a shard's part has come to, between its partial frames: cumulative counts, and what is held now.
 *
 *     frame   u8 kind = 16 · varint series · varint points · varint bytes
 */
const COUNTS_FRAME = 16;

/** So many points, or bytes held more or less, are told of at once: a statement over its limit goes on no further than this. */
const REPORT_POINT_COUNT = 65_536;
const REPORT_SIZE_BYTES: SizeBytes = 2 ** 20;

/** Counts what a shard's part of a SELECT comes to, ends it beyond the limits (LM1), and says when to tell the coordinator. */
export class ShardCounter {
  readonly #limits: SelectLimits;
  /** Without limits nothing has to be counted. */
  readonly isOn: boolean;
  #counts: SelectCounts = NOTHING;
  #told: SelectCounts = NOTHING;

  constructor(limits: SelectLimits | undefined) {
    this.#limits = limits ?? {};
    this.isOn = limits !== undefined;
  }

  /** @throws DbError QUERY_LIMIT; so do the others */
  addSeries(count: number): void {
    if (this.isOn) this.#set({ ...this.#counts, seriesCount: this.#counts.seriesCount + count });
  }

  addPoints(count: number): void {
    if (this.isOn) this.#set({ ...this.#counts, pointCount: this.#counts.pointCount + count });
  }

  /** So many bytes are held now. */
  hold(heldSizeBytes: SizeBytes): void {
    if (this.isOn) this.#set({ ...this.#counts, heldSizeBytes });
  }

  /** There is something to tell before work goes on. */
  get isDue(): boolean {
    const { seriesCount, pointCount, heldSizeBytes } = this.#counts;
    return (
      seriesCount !== this.#told.seriesCount ||
      pointCount - this.#told.pointCount >= REPORT_POINT_COUNT ||
      Math.abs(heldSizeBytes - this.#told.heldSizeBytes) >= REPORT_SIZE_BYTES
    );
  }

  /** There is something that was not told. */
  get isBehind(): boolean {
    return this.#counts !== this.#told;
  }

  /** The frame that tells. */
  take(): Uint8Array {
    this.#told = this.#counts;
    const { seriesCount, pointCount, heldSizeBytes } = this.#counts;
    return new ByteWriter(32).u8(COUNTS_FRAME).varint(seriesCount).varint(pointCount).varint(heldSizeBytes).finish();
  }

  #set(counts: SelectCounts): void {
    this.#counts = counts;
    const problem = limitProblem(this.#limits, counts);
    if (problem !== undefined) throw new DbError('QUERY_LIMIT', problem);
  }
}

const NOTHING: SelectCounts = { seriesCount: 0, pointCount: 0, heldSizeBytes: 0 };

/** What a frame tells; undefined: it is a partial result. @throws DbError MESSAGE_INVALID */
export function decodeCounts(frame: Uint8Array): SelectCounts | undefined {
  if (frame[0] !== COUNTS_FRAME) return undefined;
  const reader = new ByteReader(frame.subarray(1));
  return { seriesCount: reader.varint(), pointCount: reader.varint(), heldSizeBytes: reader.varint() };
}
