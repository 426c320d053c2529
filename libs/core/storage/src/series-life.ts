import { hasRows, type ChunkBytes, type ReadPlan, type SeriesRead } from './read-pieces.ts';
import { WantedFields } from './wanted-fields.ts';

/** What was found out of a series: whether a cell of it shows. */
const UNKNOWN = 0;
const LIVES = 1;
const IS_OVER = 2;

const COUNT_MIN = 1_024;

/** All of a shard's window and more. */
const EVERYTHING = { startOffsetNs: 0, endOffsetNs: Number.MAX_SAFE_INTEGER };

/**
 * Which series of a shard still have a cell that shows, as far as somebody has looked: a byte per series, of shards in which something
 * was deleted. A series that has one keeps it until a delete comes; one that has none gets one with new rows only.
 */
export class SeriesLife {
  #states = new Uint8Array(0);

  /** Whether it has one; a plan says what must be fetched to tell it. @throws DbError CHUNK_INVALID */
  look(seriesId: number, bytes: ChunkBytes, planOf: (read: SeriesRead) => ReadPlan): boolean | ReadPlan {
    const state = this.#states[seriesId] ?? UNKNOWN;
    if (state !== UNKNOWN) return state === LIVES;
    const read: SeriesRead = { seriesId, range: EVERYTHING, fields: new WantedFields(undefined) };
    const plan = planOf(read);
    const seen = hasRows(read, plan, bytes);
    if (seen === undefined) return plan;
    this.#remember(seriesId, seen);
    return seen;
  }

  /** Rows of these series came; whether they show was not looked at. */
  onRows(seriesIds: Uint32Array): void {
    if (this.#states.length === 0) return;
    for (const seriesId of seriesIds) if (this.#states[seriesId] === IS_OVER) this.#states[seriesId] = UNKNOWN;
  }

  /** Any of the series may have lost its last cell. */
  onDelete(): void {
    this.#states = new Uint8Array(0);
  }

  #remember(seriesId: number, doesLive: boolean): void {
    if (seriesId >= this.#states.length) {
      const grown = new Uint8Array(Math.max(COUNT_MIN, 2 * this.#states.length, seriesId + 1));
      grown.set(this.#states);
      this.#states = grown;
    }
    this.#states[seriesId] = doesLive ? LIVES : IS_OVER;
  }
}
