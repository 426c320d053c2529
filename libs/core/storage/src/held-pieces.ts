import { gatherRows, type RowPiece, type SeriesPieces } from './gather-rows.ts';
import type { HeldRows } from './read-pieces.ts';
import type { ReadRoom } from './read-room.ts';
import type { VersionedRows } from './rows.ts';
import type { WantedFields } from './wanted-fields.ts';

/*
 * What a memtable has of a series: a piece per frame. Pieces that overlap in time are cut where one has to wait for another, so
 * that nothing is left to sort once they are unpacked, unless a time occurs twice: only then versions decide.
 *
 *     frame 1   1 2 3   7 8 9              1 2 3
 *     frame 2         5           ─▶             5
 *     frame 3                 10                   7 8 9
 *                                                        10
 */

/** More cuts than that, times the pieces, cost more than sorting rows does. */
const CUT_FACTOR_MAX = 2;

/** Pieces by their first time, and whether all times ascend then, each once. */
type OrderedPieces = Pick<HeldPieces, 'pieces' | 'isAscending'>;

/** A series' rows in a range. They are unpacked only by whoever reads them. */
export class HeldPieces implements SeriesPieces, HeldRows {
  readonly seriesId: number;
  /** By their first time; one at least. */
  readonly pieces: readonly RowPiece[];
  readonly isAscending: boolean;
  readonly rowCount: number;
  readonly minNs: number;
  readonly maxNs: number;

  constructor(seriesId: number, { pieces, isAscending }: OrderedPieces) {
    this.seriesId = seriesId;
    this.pieces = pieces;
    this.isAscending = isAscending;
    let rowCount = 0;
    for (const { startRow, endRow } of pieces) rowCount += endRow - startRow;
    this.rowCount = rowCount;
    this.minNs = firstNsOf(pieces[0]!);
    let maxNs = lastNsOf(pieces.at(-1)!);
    if (!isAscending) for (const piece of pieces) maxNs = Math.max(maxNs, lastNsOf(piece));
    this.maxNs = maxNs;
  }

  unpack(wanted: WantedFields, room?: ReadRoom): VersionedRows {
    return gatherRows([this], wanted, room);
  }
}

/** Cuts pieces that overlap. Where a time occurs twice they stay whole, and where it would be row by row. */
export function inOrder(pieces: RowPiece[]): OrderedPieces {
  if (areApart(pieces)) return { pieces, isAscending: true };
  const sorted = pieces.toSorted((left, right) => firstNsOf(left) - firstNsOf(right));
  const cut = cutOverlaps(sorted.slice());
  return cut === undefined ? { pieces: sorted, isAscending: false } : { pieces: cut, isAscending: true };
}

/** The first row of a piece that is not before a time. */
export function firstRowFrom({ segment, startRow, endRow }: RowPiece, offsetNs: number): number {
  let [low, high] = [startRow, endRow];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segment.rows.offsetAt(middle) < offsetNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function areApart(pieces: readonly RowPiece[]): boolean {
  for (let index = 1; index < pieces.length; index += 1) if (lastNsOf(pieces[index - 1]!) >= firstNsOf(pieces[index]!)) return false;
  return true;
}

/** Undefined: it cannot be done, or is not worth it. The pieces, sorted by their first times, are used up. */
function cutOverlaps(waiting: RowPiece[]): RowPiece[] | undefined {
  const cut: RowPiece[] = [];
  const cutCountMax = waiting.length * CUT_FACTOR_MAX;
  for (let at = 0; at < waiting.length; ) {
    const piece = waiting[at]!;
    const nextNs = at + 1 < waiting.length ? firstNsOf(waiting[at + 1]!) : Infinity;
    const endRow = lastNsOf(piece) < nextNs ? piece.endRow : firstRowFrom(piece, nextNs);
    if (endRow === piece.startRow || cut.length === cutCountMax) return undefined;
    cut.push({ ...piece, endRow });
    if (endRow === piece.endRow) at += 1;
    else putBack(waiting, at, { ...piece, startRow: endRow });
  }
  return cut;
}

/** The rest of the piece at a place goes to where its first time belongs, behind that place. */
function putBack(waiting: RowPiece[], at: number, rest: RowPiece): void {
  const firstNs = firstNsOf(rest);
  let [low, high] = [at + 1, waiting.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (firstNsOf(waiting[middle]!) < firstNs) low = middle + 1;
    else high = middle;
  }
  for (let place = at; place + 1 < low; place += 1) waiting[place] = waiting[place + 1]!;
  waiting[low - 1] = rest;
}

function firstNsOf({ segment, startRow }: RowPiece): number {
  return segment.rows.offsetAt(startRow);
}

function lastNsOf({ segment, endRow }: RowPiece): number {
  return segment.rows.offsetAt(endRow - 1);
}
