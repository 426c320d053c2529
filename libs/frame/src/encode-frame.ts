import { assert, ByteWriter, DbError } from '@varve/base';
import type { ShardId, TableSlice } from '@varve/model';
import { type SectionContext, writeSection } from './encode-section.ts';
import { FRAME_ROW_COUNT_MAX, FRAME_SIZE_BYTES_MAX, type FrameSlice, type FrameStamp } from './frame.ts';
import { type FrameBody, HEADER_SIZE_BYTES, sealFrame } from './layout.ts';
import { rowsBetween } from './row-order.ts';
import { unfoldBudget } from './series-keys.ts';

/*
 * A slice becomes as few frames as it can, in row order. How many rows fit is only known afterwards, so a frame's worth is
 * guessed from the one before; what turns out too big is cut and encoded again. Stamps are taken when all bodies are
 * there: a slice that cannot be encoded uses up no mutation number.
 */

/** Rows of the first guess: 13 bytes each for ten small integers. */
const ROW_COUNT_FIRST = 24_576;
/** How much of a frame a guess aims to fill. */
const FILL_AIM = 0.9;

/**
 * Encodes the rows of a slice. Rows with the same series and time in one frame become one, in which the later row wins
 * field by field; between frames the versions decide, so frames follow row order and `stamp` must give ascending versions.
 * No rows, no frames.
 * @throws DbError WRITE_PARSE when a single row is bigger than a frame; no stamp was taken then
 */
export function encodeFrames(slice: FrameSlice, stamp: () => FrameStamp): Uint8Array[] {
  return encodeBodies(slice).map((body) => sealFrame(body, stamp()));
}

/** A frame without rows: it settles its mutation id and nothing else. */
export function encodeVoidFrame(shard: ShardId, stamp: FrameStamp): Uint8Array {
  return sealFrame({ shard, kind: 'rows', buffer: new Uint8Array(HEADER_SIZE_BYTES), rowCount: 0, sectionCount: 0 }, stamp);
}

/**
 * The first half of {@link encodeFrames}, for a request over several shards: all that can be refused is refused before the
 * first frame of any of them is stamped. Stamp them in order.
 * @throws DbError WRITE_PARSE when a single row is bigger than a frame
 */
export function encodeBodies(slice: FrameSlice): FrameBody[] {
  const { shard, tables, startNs, series } = slice;
  const context = { startNs, series, localIndexes: new Int32Array(series.length).fill(-1) };
  const rowCount = tables.reduce((sum, table) => sum + rowCountOf(table), 0);
  const bodies: FrameBody[] = [];
  let guess = ROW_COUNT_FIRST;
  for (let first = 0; first < rowCount;) {
    const count = Math.min(guess, rowCount - first);
    const body: FrameBody = { shard, kind: 'rows', ...encodeSections(cut(tables, first, first + count), context) };
    const sizeBytes = body.buffer.length;
    if (sizeBytes <= FRAME_SIZE_BYTES_MAX) {
      bodies.push(body);
      first += count;
    } else if (count === 1) throw tooBig(slice, first, sizeBytes);
    guess = nextGuess(count, sizeBytes);
  }
  return bodies;
}

function encodeSections(tables: readonly TableSlice[], context: SectionContext): Omit<FrameBody, 'shard' | 'kind'> {
  const measurements = new Set(tables.map(({ table }) => table.measurement));
  assert(measurements.size === tables.length, `${tables.length} tables of ${measurements.size} measurements`);
  const expectedBytes = tables.reduce((sum, table) => sum + 16 * rowCountOf(table), 1_024);
  const writer = new ByteWriter(expectedBytes).raw(new Uint8Array(HEADER_SIZE_BYTES));
  let rowCount = 0;
  const budget = unfoldBudget();
  for (const table of tables) rowCount += writeSection(writer, table, { ...context, budget });
  return { buffer: writer.finish(), rowCount, sectionCount: tables.length };
}

function nextGuess(count: number, sizeBytes: number): number {
  const fitting = Math.floor((count * FILL_AIM * FRAME_SIZE_BYTES_MAX) / sizeBytes);
  return Math.max(1, Math.min(fitting, FRAME_ROW_COUNT_MAX));
}

/** The rows [first, end) of all tables, counted one table after the other. */
function cut(tables: readonly TableSlice[], first: number, end: number): TableSlice[] {
  const pieces: TableSlice[] = [];
  let start = 0;
  for (const slice of tables) {
    const rowCount = rowCountOf(slice);
    const [from, to] = [Math.max(first - start, 0), Math.min(end - start, rowCount)];
    if (from === 0 && to === rowCount && rowCount > 0) pieces.push(slice);
    else if (from < to) pieces.push({ table: slice.table, rowIndexes: rowIndexes(slice, from, to) });
    start += rowCount;
  }
  return pieces;
}

function rowCountOf({ table, rowIndexes }: TableSlice): number {
  return rowIndexes?.length ?? table.rowCount;
}

function rowIndexes(slice: TableSlice, from: number, to: number): Uint32Array {
  return slice.rowIndexes?.subarray(from, to) ?? rowsBetween(from, to);
}

function tooBig({ tables, series }: FrameSlice, at: number, sizeBytes: number): DbError {
  const { table, rowIndexes: rows } = cut(tables, at, at + 1)[0]!;
  const row = rows?.[0] ?? 0;
  const key = series[table.seriesIndexes[row]!]!.key.slice(0, 200);
  const text = `point too big: ${sizeBytes} bytes in series ${key}, at most ${FRAME_SIZE_BYTES_MAX} fit`;
  return new DbError('WRITE_PARSE', text, { lineIndex: table.lineIndexes[row], sizeBytes });
}
