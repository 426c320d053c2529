import type { OffsetRange } from './shard-source.ts';

/** Rows that one piece should hold over all series of a group. */
const PIECE_ROW_COUNT = 65_536;

/** Which part of the range the first piece is where few rows are wanted. */
const FIRST_SHARE_OF_SHORT = 1024;

/** What is known before anything is read. */
interface PiecesAhead {
  readonly seriesCount: number;
  readonly isDescending: boolean;
  /** A few rows are likely enough, so that the first piece is thin. */
  readonly isShort: boolean;
  /** About so many rows of all series lie in the range. Absent: nobody knows. */
  readonly rowCount?: number | undefined;
}

/**
 * Cuts a range of time into pieces so that the rows of all series in one piece fit into memory. How dense the data is
 * shows only while reading: pieces grow while they come back thin and shrink when they come back full.
 */
export class TimePieces {
  readonly #range: OffsetRange;
  readonly #isDescending: boolean;
  #widthNs: number;
  #doneNs = 0;

  constructor(range: OffsetRange, { seriesCount, isDescending, isShort, rowCount }: PiecesAhead) {
    this.#range = range;
    this.#isDescending = isDescending;
    const pieceCount = rowCount === undefined ? Math.min(seriesCount, 64) : Math.max(1, rowCount / PIECE_ROW_COUNT);
    this.#widthNs = Math.ceil(this.#spanNs / (isShort ? FIRST_SHARE_OF_SHORT : pieceCount));
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
