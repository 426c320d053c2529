import type { ResultItem } from '@varve/ports';

/** Turns the items of one answer into bytes, in order and without looking ahead. Writes into the buffer it was made with. */
export interface ResultWriter {
  /** False: the format has no way to say this, and an answer without it would be silently short. */
  item(item: ResultItem): boolean;
  /** Bytes that wait until what stands before them is known, beside those in the buffer. */
  readonly heldSizeBytes: number;
  end(): void;
}

export interface RowCut {
  /** Of a block. */
  readonly rowCount: number;
  /** What the object that is open has of the series already. */
  readonly takenCount: number;
  /** Rows per object of a chunked answer; Infinity: all go into one. */
  readonly rowCountMax: number;
  /** Rows [startIndex, endIndex) of the block are the next ones of the object. */
  onRows(startIndex: number, endIndex: number): void;
  /** The object is full, and more rows of the series follow. */
  onFull(): void;
}

/** Cuts the rows of a block where the objects of a chunked answer end. @returns the rows that the last object has of the series */
export function cutRows({ rowCount, takenCount, rowCountMax, onRows, onFull }: RowCut): number {
  let startIndex = 0;
  let taken = takenCount;
  while (rowCount - startIndex + taken > rowCountMax) {
    const endIndex = startIndex + rowCountMax - taken;
    onRows(startIndex, endIndex);
    onFull();
    startIndex = endIndex;
    taken = 0;
  }
  onRows(startIndex, rowCount);
  return taken + rowCount - startIndex;
}
