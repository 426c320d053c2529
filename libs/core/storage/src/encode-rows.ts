import { hasValue } from '@varve/model';
import { encodeChunk, type NewChunkLike } from './chunk.ts';
import { sliceRows, type VersionedRows } from './rows.ts';

/** A chunk of ten small numbers per row comes to 16–40 KiB then, which SQLite stores without waste. */
export const CHUNK_ROW_COUNT_MAX = 4_096;
/** UTF-16 units of text in one chunk, unless one row has more. */
const CHUNK_TEXT_LENGTH_MAX = 256 * 1_024;

/** A chunk, and the rows it took to make it. */
export interface EncodedRows {
  readonly chunk: NewChunkLike;
  readonly rowCount: number;
}

/** Rows of a series in normal form as chunks of bounded size, in time order. */
export function* encodeRows(seriesId: number, rows: VersionedRows): Generator<EncodedRows> {
  for (const part of cutRows(rows)) yield { chunk: encodeChunk(seriesId, part), rowCount: part.offsetsNs.length };
}

/** Halves until it fits, so that no part is much smaller than the others. */
function* cutRows(rows: VersionedRows): Generator<VersionedRows> {
  const rowCount = rows.offsetsNs.length;
  if (rowCount <= CHUNK_ROW_COUNT_MAX && (rowCount <= 1 || textLength(rows) <= CHUNK_TEXT_LENGTH_MAX)) {
    if (rowCount > 0) yield rows;
    return;
  }
  const middleRow = rowCount >>> 1;
  yield* cutRows(sliceRows(rows, 0, middleRow));
  yield* cutRows(sliceRows(rows, middleRow, rowCount));
}

function textLength({ columns, offsetsNs }: VersionedRows): number {
  let length = 0;
  for (const { column } of columns) {
    if (column.type !== 'string') continue;
    for (let row = 0; row < offsetsNs.length; row += 1) if (hasValue(column, row)) length += column.values[row]!.length;
  }
  return length;
}
