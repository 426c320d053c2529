import { CODE_LENGTH_MAX } from './code-books.ts';
import * as wasm from './machine-code.ts';
import { type Code, get, I32, i32, I64, joined, loopWhile, type MachineFunction, set } from './machine-code.ts';

/*
 * Machine code that finds the symbols of a piece. A word of 64 bits has five entries of a lane at least; the next of each
 * lane in turn, so that a processor works on one while it waits for the other.
 */

/** Symbols per entry of a table. */
export const ENTRY_SIZE = 8;
export const ENTRY_COUNT = 1 << CODE_LENGTH_MAX;
/** Places in a table: by entry, its symbols (a byte each); its step, bits + 256 × number of symbols (u16); the same of its first code. */
export const STEPS = ENTRY_COUNT * ENTRY_SIZE;
export const FIRST_STEPS = STEPS + ENTRY_COUNT * 2;
export const TABLE_SIZE_BYTES = FIRST_STEPS + ENTRY_COUNT * 2;

/** Of 64 bits, up to 7 are those of the byte before. */
const ENTRIES_PER_WORD = Math.floor((64 - 7) / CODE_LENGTH_MAX);

/**
 * Reads two lanes that begin at these bits of the memory, with symbols up to `middle` and from there to `end`.
 * @returns the byte behind the second lane; -1 where the first one does not end where the second begins
 */
export type ReadLanes = (table: number, firstBit: number, secondBit: number, filled: number, middle: number, end: number) => number;

/** {@link ReadLanes}; `readRest` is the place of {@link readRestOfLane} in the module. */
export function readLanes(readRest: number): MachineFunction {
  const [table, firstBit, secondBit, filled, middle, end] = [0, 1, 2, 3, 4, 5];
  const [secondFilled, filledMax, secondMax, entry, step, used, secondUsed, secondAt, word, secondWord] = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
  const first = { word, filled, used };
  const second = { word: secondWord, filled: secondFilled, used: secondUsed };
  const next = (lane: typeof first): readonly Code[] => [
    readEntry({ table, entry, step, ...lane }, get(lane.word)),
    set(lane.filled, wasm.i32Add(get(lane.filled), symbolCount(step))),
    set(lane.word, wasm.i64ShrU(get(lane.word), wasm.i64ExtendI32U(get(step)))),
    set(lane.used, wasm.i32Add(get(lane.used), get(step))),
  ];
  const whileBothHave = (entryCount: number): readonly Code[] => [
    set(filledMax, wasm.i32Sub(get(middle), i32(entryCount * ENTRY_SIZE))),
    set(secondMax, wasm.i32Sub(get(end), i32(entryCount * ENTRY_SIZE))),
    loopWhile(
      wasm.i32And(wasm.i32LeS(get(filled), get(filledMax)), wasm.i32LeS(get(secondFilled), get(secondMax))),
      ...[set(word, wordAt(firstBit)), set(secondWord, wordAt(secondBit))],
      ...[set(used, i32(0)), set(secondUsed, i32(0))],
      ...Array.from({ length: entryCount }, () => [...next(first), ...next(second)]).flat(),
      set(firstBit, wasm.i32Add(get(firstBit), bits(used))),
      set(secondBit, wasm.i32Add(get(secondBit), bits(secondUsed))),
    ),
  ];
  return {
    parameters: [I32, I32, I32, I32, I32, I32],
    results: [I32],
    locals: [I32, I32, I32, I32, I32, I32, I32, I32, I64, I64],
    body: [
      set(secondFilled, get(middle)),
      set(secondAt, wasm.i32ShrU(get(secondBit), i32(3))),
      ...whileBothHave(ENTRIES_PER_WORD),
      ...whileBothHave(1),
      set(used, wasm.call(readRest, get(table), get(secondBit), get(secondFilled), get(end))),
      // The end of the first lane may be stored with some symbols too many, over those of the second.
      set(word, wasm.i64Load(0, get(middle))),
      set(step, wasm.call(readRest, get(table), get(firstBit), get(filled), get(middle))),
      wasm.i64Store(0, get(middle), get(word)),
      wasm.select(get(used), i32(-1), wasm.i32Eq(get(step), get(secondAt))),
    ],
  };
}

/**
 * Reads what is left of a lane from `bit` on, into the bytes from `filled` to `end`: an entry at a time where all of it is
 * wanted, else a code at a time; and returns the byte behind its last code.
 */
export function readRestOfLane(): MachineFunction {
  const [table, bit, filled, end, entry, step] = [0, 1, 2, 3, 4, 5];
  const isWanted = wasm.i32LeS(wasm.i32Add(get(filled), symbolCount(step)), get(end));
  return {
    parameters: [I32, I32, I32, I32],
    results: [I32],
    locals: [I32, I32],
    body: [
      loopWhile(
        wasm.i32LtS(get(filled), get(end)),
        readEntry({ table, entry, step, filled }, wordAt(bit)),
        set(step, wasm.select(get(step), wasm.i32Load16U(FIRST_STEPS, inTable(table, entry, 1)), isWanted)),
        set(filled, wasm.i32Add(get(filled), symbolCount(step))),
        set(bit, wasm.i32Add(get(bit), bits(step))),
      ),
      wasm.i32ShrU(wasm.i32Add(get(bit), i32(7)), i32(3)),
    ],
  };
}

interface EntryLocals {
  readonly table: number;
  readonly entry: number;
  readonly step: number;
  readonly filled: number;
}

/** Stores the symbols of the entry that is next in a word, and says its step. */
function readEntry({ table, entry, step, filled }: EntryLocals, word: Code): Code {
  return joined(
    set(entry, wasm.i32And(wasm.i32WrapI64(word), i32(ENTRY_COUNT - 1))),
    wasm.i64Store(0, get(filled), wasm.i64Load(0, inTable(table, entry, 3))),
    set(step, wasm.i32Load16U(STEPS, inTable(table, entry, 1))),
  );
}

/** Where 2^shift bytes of an entry are. */
function inTable(table: number, entry: number, shift: number): Code {
  return wasm.i32Add(get(table), wasm.i32Shl(get(entry), i32(shift)));
}

function symbolCount(step: number): Code {
  return wasm.i32ShrU(get(step), i32(8));
}

/** Of a step, or of a few added up. */
function bits(step: number): Code {
  return wasm.i32And(get(step), i32(0xff));
}

/** At least 57 bits from this one of the memory on. */
function wordAt(bit: number): Code {
  return wasm.i64ShrU(wasm.i64Load(0, wasm.i32ShrU(get(bit), i32(3))), wasm.i64ExtendI32U(wasm.i32And(get(bit), i32(7))));
}
