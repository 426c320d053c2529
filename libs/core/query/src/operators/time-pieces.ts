import type { OffsetRange } from './shard-source.ts';

/** Rows that one piece should hold over all series of a group. */
const PIECE_ROW_COUNT = 65_536;

/** Which part of the range the first piece is where few rows are wanted. */
const FIRST_SHARE_OF_SHORT = 1024;

/**
 * Cuts a range of time into pieces so that the rows of all series in one piece fit into memory. How dense the data is
 * shows only while reading: pieces grow while they come back thin and shrink when they come back full.
 */
export class TimePieces {
  readonly #range: OffsetRange;
  readonly #isDescending: boolean;
  #widthNs: number;
  #doneNs = 0;

  /** `isShort`: a few rows are likely enough, so that the first piece is thin. */
  constructor(range: OffsetRange, { seriesCount, isDescending, isShort }: { readonly seriesCount: number; readonly isDescending: boolean; readonly isShort: boolean }) {
    this.#range = range;
    this.#isDescending = isDescending;
    this.#widthNs = Math.ceil(this.#spanNs / (isShort ? FIRST_SHARE_OF_SHORT : Math.min(seriesCount, 64)));
  }

  /** The next piece, undefined behind the last. */
  next(): OffsetRange | undefined {
    const leftNs = this.#spanNs - this.#doneNs;
    if (leftNs <= 0) return undefined;
    const widthNs = Math.min(this.#widthNs, leftNs);
    const { startOffsetNs, endOffsetNs } = this.#range;
    const piece = this.#isDescending
      ? { startOffsetNs: endOffsetNs - this.#doneNs - widthNs, endOffsetNs: endOffsetNs - this.#doneNs }
      : { startOffsetNs: startOffsetNs + this.#doneNs, endOffsetNs: startOffsetNs + this.#doneNs + widthNs };
    this.#doneNs += widthNs;
    return piece;
  }

  /** Tells how many rows the last piece held. */
  adapt(rowCount: number): void {
    if (rowCount > PIECE_ROW_COUNT) this.#widthNs = Math.max(1, Math.floor((this.#widthNs * PIECE_ROW_COUNT) / rowCount));
    else if (rowCount < PIECE_ROW_COUNT / 4) this.#widthNs = Math.min(this.#widthNs * 4, this.#spanNs);
  }

  get #spanNs(): number {
    return this.#range.endOffsetNs - this.#range.startOffsetNs;
  }
}
