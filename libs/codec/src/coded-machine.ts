import { BOOK_COUNT, CODE_LENGTH_MAX } from './code-books.ts';
import { CODED_COUNT_MAX, LOW_WIDTH_MAX } from './difference-profile.ts';
import { assemble, type MachineFunction } from './machine-code.ts';
import { LAYOUT_SIZE_BYTES, layoutOfLow, type MakeNumbers, makeNumbers, type NumbersKind } from './number-machine.ts';
import type { PageReader } from './page-reader.ts';
import { readLanes, type ReadLanes, readRestOfLane, TABLE_SIZE_BYTES } from './symbol-machine.ts';

/*
 * The machine code that decodes coded pages, and its memory:
 *
 *   a table per book │ layouts of low bits, per width │ symbols │ numbers │ the page
 *
 * All of it could be said in JavaScript, and was: that took twice as long, as there are no vectors, and every access is
 * checked. Code reads behind a page, and writes behind symbols and numbers, by a little: there is room for that, and what
 * stands there is of no consequence.
 */

/** At most so many symbols are read or written at once: a piece. */
export const SYMBOL_COUNT_MAX = 4_096;
const SLACK_SIZE_BYTES = 64;
/** Of a lane, which bytes of any page may lead to behind its end. */
const LANE_SIZE_MAX = (SYMBOL_COUNT_MAX * CODE_LENGTH_MAX) / 8;
const LAYOUTS = BOOK_COUNT * TABLE_SIZE_BYTES;
/** Place of the symbols of a piece, a byte each. */
export const SYMBOLS = LAYOUTS + (LOW_WIDTH_MAX + 1) * LAYOUT_SIZE_BYTES;
const NUMBERS = SYMBOLS + SYMBOL_COUNT_MAX + SLACK_SIZE_BYTES;
const PAGE = NUMBERS + SYMBOL_COUNT_MAX * 8 + SLACK_SIZE_BYTES;

const PLACES = { layouts: LAYOUTS, symbols: SYMBOLS, numbers: NUMBERS };
const KINDS: readonly NumbersKind[] = ['numbers', 'sums', 'nearSums', 'quotients'];
const numberFunctions = KINDS.flatMap((kind): [string, MachineFunction][] => [
  [kind, makeNumbers(kind, false, PLACES)],
  [`${kind} with low bits`, makeNumbers(kind, true, PLACES)],
]);
const machine = assemble(
  { readRest: readRestOfLane(), readLanes: readLanes(0), ...Object.fromEntries(numberFunctions) },
  PAGE + codedSizeMax(CODED_COUNT_MAX) + LANE_SIZE_MAX + SLACK_SIZE_BYTES,
);
/** All that the machine code works on. */
export const machineMemory = (machine['memory'] as { readonly buffer: ArrayBuffer }).buffer;
/** Finds symbols. */
export const readTwoLanes = machine['readLanes'] as ReadLanes;
const makers = new Map(numberFunctions.map(([name]) => [name, machine[name] as MakeNumbers]));

const memoryBytes = new Uint8Array(machineMemory);
for (let width = 0; width <= LOW_WIDTH_MAX; width += 1) memoryBytes.set(layoutOfLow(width), LAYOUTS + width * LAYOUT_SIZE_BYTES);

/** What makes numbers of symbols. */
export function numbersMaker(kind: NumbersKind, hasLow: boolean): MakeNumbers {
  return makers.get(hasLow ? `${kind} with low bits` : kind)!;
}

/**
 * Brings what a reader has next into the memory: the low bits and codes of `count` numbers.
 * @returns what is to be added to a place in the reader's view
 */
export function loadPage({ view, at, end }: PageReader, count: number): number {
  memoryBytes.set(new Uint8Array(view.buffer, at, Math.min(end - at, codedSizeMax(count))), PAGE);
  return PAGE - at;
}

/** Bytes of so many numbers, low bits and codes; a few are for sizes and ends of lanes. */
function codedSizeMax(count: number): number {
  return Math.ceil((count * (CODE_LENGTH_MAX + LOW_WIDTH_MAX)) / 8) + 128;
}

let numbers = new Float64Array(0);

/** The first numbers of a piece; lasts until the next is read. */
export function madeNumbers(count: number): Float64Array {
  if (numbers.length !== count) numbers = new Float64Array(machineMemory, NUMBERS, count);
  return numbers;
}
