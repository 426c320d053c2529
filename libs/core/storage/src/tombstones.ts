import { DbError } from '@varve/base';
import { decodeFrame, encodeTombstone, sealFrame, type FrameHeader } from '@varve/frame';
import { compareVersions, parseSeriesKey, tagFilterOf, type TagFilter, type Tombstone, type Version } from '@varve/model';
import { RE2JS, RE2JSException } from 're2js';
import { lowerBound } from './rows.ts';
import type { SeriesIndex } from './series-index.ts';
import { TombstoneLookup } from './tombstone-lookup.ts';
import type { Hiding } from './visible-rows.ts';

/** A tombstone as the shard's file has it. */
export interface StoredTombstoneLike {
  /** The journal row that it came in: no two have the same. */
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** A tombstone that a replica holds. */
export interface HeldTombstone extends Tombstone {
  readonly seq: number;
  readonly version: Version;
  readonly header: FrameHeader;
  /** `series`, compiled. */
  readonly filter: TagFilter;
}

/** Cells between two times, both inclusive. */
export interface CellExtent {
  readonly minNs: number;
  readonly maxNs: number;
  /** Their least version, where it is known. */
  readonly least?: Version;
}

/** Series whose tombstones were looked for; when full all are forgotten. */
const KNOWN_SERIES_COUNT_MAX = 65_536;
const NONE: readonly HeldTombstone[] = [];

/**
 * The tombstones of a shard replica. A series is held against those that may match it, once. What they hide is in
 * visible-rows.ts. docs/specs/tombstones.md.
 */
export class Tombstones {
  readonly #index: SeriesIndex;
  /** In the order of arrival. */
  #held: readonly HeldTombstone[] = NONE;
  #lookup = new TombstoneLookup();
  readonly #ofSeries = new Map<number, readonly HeldTombstone[]>();

  constructor(index: SeriesIndex) {
    this.#index = index;
  }

  get all(): readonly HeldTombstone[] {
    return this.#held;
  }

  /** @throws DbError FRAME_INVALID as {@link compileSeries} */
  add(tombstone: Tombstone, header: FrameHeader, seq: number): void {
    const held = { ...tombstone, seq, header, version: header.version, filter: compileSeries(tombstone) };
    this.#held = [...this.#held, held];
    this.#lookup.add(held);
    this.#ofSeries.clear();
  }

  /** @throws DbError STORAGE_CORRUPT when it is none */
  restore({ seq, frame }: StoredTombstoneLike): void {
    try {
      const { header, tombstone } = decodeFrame(frame);
      if (tombstone === undefined) throw new DbError('FRAME_INVALID', 'a frame of another kind');
      this.add(tombstone, header, seq);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      throw new DbError('STORAGE_CORRUPT', `tombstone of journal row ${seq}: ${error.message}`, { seq }, { cause: error });
    }
  }

  remove(seqs: readonly number[]): void {
    const removed = new Set(seqs);
    this.#held = this.#held.filter(({ seq }) => !removed.has(seq));
    this.#lookup = new TombstoneLookup();
    for (const each of this.#held) this.#lookup.add(each);
    this.#ofSeries.clear();
  }

  /** Those that came in journal rows above this one, as the file stores them: frames, byte by byte as they came. */
  after(seq: number): readonly StoredTombstoneLike[] {
    return this.#held
      .filter((each) => each.seq > seq)
      .map((each) => ({ seq: each.seq, frame: sealFrame(encodeTombstone(each.header.shard, each), each.header) }));
  }

  /**
   * Those that may hide cells of some series of `[firstId, lastId]` as {@link mayHide} has it, with all of these series that they
   * match. Deletes of the same series share one list of them: it may be long, and they may be many.
   * @param afterSeq the cells were written with all tombstones of journal rows up to it (D6)
   */
  hiding(extent: CellExtent, { firstId, lastId }: { readonly firstId: number; readonly lastId: number }, afterSeq = 0): Hiding[] {
    const idsOf = new Map<string, Uint32Array>();
    return this.#held
      .filter((each) => each.seq > afterSeq && mayHide(each, extent))
      .map(({ startOffsetNs, endOffsetNs, version, measurement, series, filter }) => {
        const name = JSON.stringify([measurement, series]);
        let seriesIds = idsOf.get(name);
        if (seriesIds === undefined) {
          const ids = this.#index.idsOf(measurement, filter).ids();
          idsOf.set(name, (seriesIds = ids.slice(lowerBound(ids, firstId), lowerBound(ids, lastId + 1))));
        }
        return { startOffsetNs, endOffsetNs, version, seriesIds };
      });
  }

  /** Those that match a series. */
  of(seriesId: number): readonly HeldTombstone[] {
    if (this.#held.length === 0) return NONE;
    let found = this.#ofSeries.get(seriesId);
    if (found !== undefined) return found;
    const matching = this.#lookup.matching(parseSeriesKey(this.#index.keyOf(seriesId)));
    if (this.#ofSeries.size >= KNOWN_SERIES_COUNT_MAX) this.#ofSeries.clear();
    this.#ofSeries.set(seriesId, (found = matching.length === 0 ? NONE : matching));
    return found;
  }
}

/** The predicate as the series index works on it. @throws DbError FRAME_INVALID when a pattern is none of RE2's */
export function compileSeries({ series }: Tombstone): TagFilter {
  return tagFilterOf(series, matcherOf);
}

/** Whether any of the cells may be hidden by it. */
export function mayHide({ startOffsetNs, endOffsetNs, version }: Pick<HeldTombstone, 'startOffsetNs' | 'endOffsetNs' | 'version'>, { minNs, maxNs, least }: CellExtent): boolean {
  return startOffsetNs <= maxNs && minNs < endOffsetNs && (least === undefined || compareVersions(least, version) < 0);
}

function matcherOf(pattern: string): (text: string) => boolean {
  try {
    const regex = RE2JS.compile(pattern);
    return (text) => regex.test(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new DbError('FRAME_INVALID', `a tombstone with a pattern that is none: ${error.message}`);
  }
}
