import type { SortedRows } from '../sorted-rows.ts';
import { textLengths } from './weight.ts';

/** Windows of dashboards are whole hours more often than not: a piece of a series ends where one does. */
const HOUR_NS = 3_600e9;
/** Rows of a piece for which a page of its own pays. */
const PAGE_ROW_COUNT_MIN = 64;
/** Rows of a piece at most. */
const PIECE_ROW_COUNT_MAX = 4_096;
/** Characters of a piece at most, unless one row has more: what is unpacked to answer for one row is bounded. */
const PIECE_TEXT_LENGTH_MAX = 256 * 1_024;
/** Rows of small pieces that share a page. */
const SHARED_ROW_COUNT_MAX = 512;

/** Which rows are packed together: rows of page p are those of blocks [pageStarts[p], pageStarts[p + 1]). */
export interface Pages {
  /** The blocks, cut further. */
  readonly seriesIds: Uint32Array;
  /** Block → its first row; one more at the end. */
  readonly blockStarts: Uint32Array;
  readonly pageStarts: Uint32Array;
}

/** Cuts blocks at hours and by size, and lets small ones share a page. docs/formats/chunk.md. */
export function cutPages(rows: SortedRows): Pages {
  const { seriesIds, starts } = rows;
  const pages = new PageBuilder();
  const textEnds = textLengths(rows);
  for (let block = 0; block < seriesIds.length; block += 1) {
    const endRow = starts[block + 1]!;
    for (let startRow = starts[block]!; startRow < endRow; ) {
      const end = boundedEnd(textEnds, startRow, pieceEnd(rows.offsetsNs, startRow, endRow));
      pages.add(seriesIds[block]!, startRow, end);
      startRow = end;
    }
  }
  return pages.finish(rows.offsetsNs.length);
}

/** The end of the hour, or of the first hour with which there are enough rows. */
function pieceEnd(offsetsNs: Float64Array, startRow: number, endRow: number): number {
  const capRow = Math.min(endRow, startRow + PIECE_ROW_COUNT_MAX);
  let row = Math.min(startRow + PAGE_ROW_COUNT_MIN, endRow);
  if (row === endRow) return endRow;
  const hourEndNs = (Math.floor(offsetsNs[row - 1]! / HOUR_NS) + 1) * HOUR_NS;
  while (row < capRow && offsetsNs[row]! < hourEndNs) row += 1;
  return row;
}

function boundedEnd(textEnds: Float64Array | undefined, startRow: number, endRow: number): number {
  if (textEnds === undefined || textEnds[endRow]! - textEnds[startRow]! <= PIECE_TEXT_LENGTH_MAX) return endRow;
  let end = endRow;
  while (end > startRow + 1 && textEnds[end]! - textEnds[startRow]! > PIECE_TEXT_LENGTH_MAX) end = startRow + ((end - startRow) >>> 1);
  return end;
}

class PageBuilder {
  readonly #seriesIds: number[] = [];
  readonly #blockStarts: number[] = [];
  readonly #pageStarts: number[] = [];
  /** Rows of the page that small pieces go into; 0: the next one begins a page. */
  #sharedRowCount = 0;

  add(seriesId: number, startRow: number, endRow: number): void {
    const rowCount = endRow - startRow;
    const isAlone = rowCount >= PAGE_ROW_COUNT_MIN;
    if (isAlone || this.#sharedRowCount === 0 || this.#sharedRowCount + rowCount > SHARED_ROW_COUNT_MAX) {
      this.#pageStarts.push(this.#seriesIds.length);
      this.#sharedRowCount = 0;
    }
    this.#sharedRowCount = isAlone ? 0 : this.#sharedRowCount + rowCount;
    this.#seriesIds.push(seriesId);
    this.#blockStarts.push(startRow);
  }

  finish(rowCount: number): Pages {
    return {
      seriesIds: Uint32Array.from(this.#seriesIds),
      blockStarts: Uint32Array.from([...this.#blockStarts, rowCount]),
      pageStarts: Uint32Array.from([...this.#pageStarts, this.#seriesIds.length]),
    };
  }
}
