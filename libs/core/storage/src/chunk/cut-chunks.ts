import { concatBlocks, sliceBlock, sliceBlocks, type SortedRows } from '../sorted-rows.ts';
import { CHUNK_ROW_COUNT_LIMIT } from './chunk-header.ts';
import { weightOf } from './weight.ts';

/*
 * Which rows go into which chunk: as many series as fit, in ranges [k · 2^n, (k + 1) · 2^n) of ids. Ids come in ascending
 * order, so the ranges are found as the nodes of a binary tree over them, built from left to right on a stack:
 *
 *     ids  4   5   6  7      a node joins its left and right half when both fit together;
 *           \ /     \/       else each half is a chunk
 *          [4,6)  [6,8)
 *              \  /
 *             [4,8)
 */

/** A range of ids and the rows that it has. */
interface Node {
  weight: number;
  blocks: Blocks[];
  /** Something of it is in a chunk already: it joins nothing. */
  isCut: boolean;
  /** The least level on which a range holds both this one and the one before it on the stack. */
  readonly level: number;
}

/** Blocks [first, end) of some rows. */
interface Blocks {
  readonly rows: SortedRows;
  readonly first: number;
  readonly end: number;
  readonly weight: number;
}

/** Above all levels: ids are below 2^31. */
const TOP_LEVEL = 32;

/** What a chunk holds at most, unless one row holds more: of rows of one number it is as many as a chunk may have. */
export const CHUNK_WEIGHT_MAX = 4 * CHUNK_ROW_COUNT_LIMIT;

/**
 * Cuts rows of one measurement, whose series ascend from part to part, into the rows of chunks. `weightMax`, at most
 * {@link CHUNK_WEIGHT_MAX}, is asked before each cut.
 */
export function* cutChunks(parts: Iterable<SortedRows>, weightMax: () => number): Generator<SortedRows> {
  const stack: Node[] = [];
  let lastId = -1;
  for (const rows of parts) {
    for (let block = 0; block < rows.seriesIds.length; block += 1) {
      const seriesId = rows.seriesIds[block]!;
      if (seriesId !== lastId) {
        const level = lastId < 0 ? TOP_LEVEL : levelOf(lastId, seriesId);
        yield* join(stack, level, weightMax);
        stack.push({ weight: 0, blocks: [], isCut: false, level });
        lastId = seriesId;
      }
      for (const blocks of cutBlock(rows, block, weightMax())) yield* append(stack.at(-1)!, blocks, weightMax());
    }
  }
  yield* join(stack, TOP_LEVEL, weightMax);
  if (stack.length > 0) yield* cut(stack[0]!);
}

/** A block in pieces of at most such a weight, or of one row. */
function* cutBlock(rows: SortedRows, block: number, weightMax: number): Generator<Blocks> {
  const [startRow, endRow] = [rows.starts[block]!, rows.starts[block + 1]!];
  const weight = weightOf(rows, startRow, endRow);
  if (weight <= weightMax || endRow - startRow === 1) {
    yield { rows, first: block, end: block + 1, weight };
    return;
  }
  const middleRow = startRow + ((endRow - startRow) >>> 1);
  yield* cutBlock(sliceBlock(rows, block, startRow, middleRow), 0, weightMax);
  yield* cutBlock(sliceBlock(rows, block, middleRow, endRow), 0, weightMax);
}

/** More rows of the last series of a range. */
function* append(node: Node, blocks: Blocks, weightMax: number): Generator<SortedRows> {
  if (node.blocks.length > 0 && node.weight + blocks.weight > weightMax) yield* cut(node);
  node.weight += blocks.weight;
  push(node.blocks, blocks);
}

/** The level of the least range that holds both ids. */
export function levelOf(leftId: number, rightId: number): number {
  return 32 - Math.clz32(leftId ^ rightId);
}

/** Joins all ranges on the stack that lie in one of this level. */
function* join(stack: Node[], level: number, weightMax: () => number): Generator<SortedRows> {
  while (stack.length > 1 && stack.at(-1)!.level < level) {
    const right = stack.pop()!;
    const left = stack.at(-1)!;
    if (left.isCut || right.isCut || left.weight + right.weight > weightMax()) {
      yield* cut(left);
      yield* cut(right);
    } else {
      left.weight += right.weight;
      for (const blocks of right.blocks) push(left.blocks, blocks);
    }
  }
}

function* cut(node: Node): Generator<SortedRows> {
  node.isCut = true;
  if (node.blocks.length > 0) yield concatBlocks(node.blocks.map(({ rows, first, end }) => sliceBlocks(rows, first, end)));
  node.blocks = [];
  node.weight = 0;
}

/** Neighbours of the same rows become one. */
function push(blocks: Blocks[], next: Blocks): void {
  const last = blocks.at(-1);
  if (last?.rows !== next.rows || last.end !== next.first) blocks.push(next);
  else blocks[blocks.length - 1] = { ...last, end: next.end, weight: last.weight + next.weight };
}
