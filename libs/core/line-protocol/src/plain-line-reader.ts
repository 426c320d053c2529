import type { BatchBuilder } from './batch-builder.ts';
import type { ColumnBuilder } from './column-builder.ts';
import type { Precision } from './precision.ts';
import { equalBytes, type SeriesMemory } from './series-memory.ts';
import type { RowTime, TableBuilder, TableField } from './table-builder.ts';
import {
  BACKSLASH,
  COMMA,
  decodeText,
  DOT,
  EQUALS,
  LOWER_I,
  MINUS,
  NEWLINE,
  QUOTE,
  SPACE,
  unescapeString,
  ZERO,
} from './text.ts';

/** The reader gave up; nothing was changed. */
const NOT_PLAIN = -1;
const onePerByte = new TextDecoder('latin1');
/** Longer field keys are for the exact reader: it knows the bound on keys. */
const FIELD_KEY_SIZE_BYTES_MAX = 4_096;
/** Fields of a line that this reader takes. */
const FIELD_COUNT_MAX = 4_096;
/** Room that is made before rows come. */
const EXPECTED_ROW_COUNT_MAX = 8_192;
/** Digits of an integer that a double holds for sure. */
const SAFE_DIGIT_COUNT = 15;
/** Longer numbers may be beyond float64. */
const NUMBER_SIZE_BYTES_MAX = 300;
/** Powers of ten that a double holds exactly: dividing by one rounds once, so the result is the nearest double. */
const EXACT_POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const EXACT_INTEGER_MAX = 2 ** 53;

/** How a run of digits becomes milliseconds and nanoseconds: the last `subDigitCount` digits are counted apart. */
interface TimeUnit {
  readonly subDigitCount: number;
  readonly nsPerSubUnit: number;
  readonly msPerUnit: number;
}

const TIME_UNITS: Readonly<Record<Precision, TimeUnit>> = {
  n: { subDigitCount: 6, nsPerSubUnit: 1, msPerUnit: 1 },
  u: { subDigitCount: 3, nsPerSubUnit: 1_000, msPerUnit: 1 },
  ms: { subDigitCount: 0, nsPerSubUnit: 0, msPerUnit: 1 },
  s: { subDigitCount: 0, nsPerSubUnit: 0, msPerUnit: 1_000 },
  m: { subDigitCount: 0, nsPerSubUnit: 0, msPerUnit: 60_000 },
  h: { subDigitCount: 0, nsPerSubUnit: 0, msPerUnit: 3_600_000 },
};
/** The last whole millisecond before the one in which int64 nanoseconds end. */
const PLAIN_MS_MAX = 9_223_372_036_853;

/**
 * Reads the lines that clients send nearly always, straight into columns: a series without surprises, fields without
 * escapes, numbers of up to 300 bytes, a positive time or none, and a newline. Values wait in a scratch row until the
 * whole line is known to be good. Three predictions make it fast: the series, the next field, and that a line has the
 * time of the line before it.
 */
export class PlainLineReader {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  readonly #builder: BatchBuilder;
  readonly #memory: SeriesMemory;
  readonly #unit: TimeUnit;
  readonly #now: { readonly ms: number; readonly subNs: number };
  /** The last newline: every loop ends there, so that none needs another bound. */
  readonly #end: number;
  readonly #time: RowTime = { ms: 0, subNs: 0, lineIndex: 0 };
  /** Where the last time that was read stands. */
  #timeOffset = -1;
  #timeSizeBytes = 0;
  #timeMs = 0;
  #timeSubNs = 0;
  /** Of the line that is being read. */
  #table!: TableBuilder;
  #fieldCount = 0;
  #newColumnCount = 0;
  /** The body with one character per byte; made when the first long number comes. */
  #bodyText: string | undefined;
  readonly #columns: ColumnBuilder[] = [];
  readonly #numbers: number[] = [];
  readonly #texts: string[] = [];

  constructor(from: {
    readonly body: Uint8Array;
    readonly precision: Precision;
    readonly now: { readonly ms: number; readonly subNs: number };
    readonly builder: BatchBuilder;
    readonly memory: SeriesMemory;
  }) {
    this.#body = from.body;
    this.#view = new DataView(from.body.buffer, from.body.byteOffset, from.body.byteLength);
    this.#builder = from.builder;
    this.#memory = from.memory;
    this.#unit = TIME_UNITS[from.precision];
    this.#now = from.now;
    this.#end = from.body.lastIndexOf(NEWLINE);
  }

  /** Reads the line that begins at `start`. @returns the index of its newline, or −1 when it is not a plain one */
  read(start: number, lineIndex: number): number {
    if (start >= this.#end) return NOT_PLAIN;
    const sent = this.#memory.find(this.#body, this.#view, start, this.#end);
    if (sent === undefined) return NOT_PLAIN;
    // A key is often half of its line; a wrong guess costs a copy.
    const expectedRowCount = Math.min(EXPECTED_ROW_COUNT_MAX, this.#end / (2 * sent.sizeBytes));
    const table = this.#builder.tableOf(sent.identity, expectedRowCount);
    this.#table = table;
    const fieldsEnd = this.#readFields(start + sent.sizeBytes + 1);
    if (fieldsEnd === NOT_PLAIN) return NOT_PLAIN;
    const end = this.#readTime(fieldsEnd);
    if (end === NOT_PLAIN || !this.#builder.hasRoom(table, this.#newColumnCount)) return NOT_PLAIN;
    this.#setRow();
    this.#time.lineIndex = lineIndex;
    this.#builder.endRow(sent.identity, table, this.#time, this.#newColumnCount);
    return end;
  }

  #setRow(): void {
    const { rowCount, capacity } = this.#table;
    for (let index = 0; index < this.#fieldCount; index += 1) {
      const column = this.#columns[index]!;
      if (column.type === 'string') column.setText(rowCount, this.#texts[index]!);
      else column.setNumber(rowCount, this.#numbers[index]!, capacity);
    }
  }

  /** @returns the index of the space or newline behind the fields */
  #readFields(start: number): number {
    const body = this.#body;
    let at = start;
    let field: TableField | undefined;
    this.#fieldCount = 0;
    this.#newColumnCount = 0;
    do {
      field = this.#fieldAt(at, field);
      if (field === undefined || this.#fieldCount === FIELD_COUNT_MAX) return NOT_PLAIN;
      at = this.#readValue(at + field.keySizeBytes, field);
      if (at === NOT_PLAIN) return NOT_PLAIN;
      at += 1;
    } while (body[at - 1] === COMMA);
    const last = body[at - 1];
    return last === SPACE || last === NEWLINE ? at - 1 : NOT_PLAIN;
  }

  /** The field whose key begins at `at`: most often the one that followed `previous` before. */
  #fieldAt(at: number, previous: TableField | undefined): TableField | undefined {
    const predicted = previous === undefined ? this.#table.firstField : previous.successor;
    if (predicted !== undefined) {
      const { keyOffset, keySizeBytes } = predicted;
      const isSame = at + keySizeBytes <= this.#end && equalBytes(this.#view, keyOffset, this.#view, at, keySizeBytes);
      if (isSame) return predicted;
    }
    const found = this.#searchField(at);
    if (found === undefined) return undefined;
    if (previous === undefined) this.#table.firstField = found;
    else previous.successor = found;
    return found;
  }

  #searchField(start: number): TableField | undefined {
    const body = this.#body;
    const stop = Math.min(this.#end, start + FIELD_KEY_SIZE_BYTES_MAX);
    let at = start;
    while (at < stop && !isFieldKeyBreak(body[at]!)) at += 1;
    if (body[at] !== EQUALS || at === start) return undefined;
    const name = decodeText(body.subarray(start, at));
    if (name === 'time') return undefined;
    const field = this.#table.field(name);
    field.keyOffset = start;
    field.keySizeBytes = at + 1 - start;
    return field;
  }

  /** @returns the index behind the value */
  #readValue(start: number, field: TableField): number {
    const first = this.#body[start]!;
    if (first === QUOTE) return this.#readString(start, field);
    return first > 0x39 ? this.#readBoolean(start, field) : this.#readNumber(start, field);
  }

  #readNumber(start: number, field: TableField): number {
    const body = this.#body;
    let at = start;
    let byte = body[at]!;
    const isNegative = byte === MINUS;
    if (isNegative) byte = body[++at]!;
    const digitsStart = at;
    let mantissa = 0;
    // Unsigned, so that a byte below '0' is far above 9.
    for (let digit = (byte - ZERO) >>> 0; digit < 10; digit = (byte - ZERO) >>> 0) {
      mantissa = mantissa * 10 + digit;
      byte = body[++at]!;
    }
    const wholeCount = at - digitsStart;
    if (byte === LOWER_I) {
      if (wholeCount === 0 || wholeCount > SAFE_DIGIT_COUNT) return NOT_PLAIN;
      // There is no negative zero among integers.
      this.#put((field.integer ??= this.#table.column(field, 'integer')), isNegative ? 0 - mantissa : mantissa);
      return at + 1;
    }
    let fractionCount = 0;
    if (byte === DOT) {
      const fractionStart = at + 1;
      byte = body[++at]!;
      for (let digit = (byte - ZERO) >>> 0; digit < 10; digit = (byte - ZERO) >>> 0) {
        mantissa = mantissa * 10 + digit;
        byte = body[++at]!;
      }
      fractionCount = at - fractionStart;
    }
    // An exponent, or whatever else is wrong, is for the exact reader.
    if (byte !== COMMA && byte !== SPACE && byte !== NEWLINE) return NOT_PLAIN;
    if (wholeCount + fractionCount === 0 || at - start > NUMBER_SIZE_BYTES_MAX) return NOT_PLAIN;
    const isExact = mantissa < EXACT_INTEGER_MAX && fractionCount < EXACT_POWERS_OF_TEN.length;
    const size = isExact ? mantissa / EXACT_POWERS_OF_TEN[fractionCount]! : Number(this.#digits(digitsStart, at));
    this.#put((field.float ??= this.#table.column(field, 'float')), isNegative ? -size : size);
    return at;
  }

  /** A text of the body whose bytes are digits and dots. */
  #digits(start: number, end: number): string {
    this.#bodyText ??= onePerByte.decode(this.#body);
    return this.#bodyText.slice(start, end);
  }

  #readBoolean(start: number, field: TableField): number {
    const body = this.#body;
    const first = body[start]!;
    const isTrue = first === 0x74 || first === 0x54;
    if (!isTrue && first !== 0x66 && first !== 0x46) return NOT_PLAIN;
    const next = body[start + 1]!;
    const isLetter = next === COMMA || next === SPACE || next === NEWLINE;
    const end = isLetter ? start + 1 : this.#wordEnd(start, isTrue ? TRUE_WORDS : FALSE_WORDS);
    if (end !== NOT_PLAIN) this.#put((field.boolean ??= this.#table.column(field, 'boolean')), isTrue ? 1 : 0);
    return end;
  }

  #wordEnd(start: number, words: readonly string[]): number {
    const end = start + words[0]!.length;
    return end <= this.#end && words.includes(decodeText(this.#body.subarray(start, end))) ? end : NOT_PLAIN;
  }

  #readString(start: number, field: TableField): number {
    const body = this.#body;
    let at = start + 1;
    while (at < this.#end && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
    if (at >= this.#end) return NOT_PLAIN;
    this.#texts[this.#fieldCount] = unescapeString(decodeText(body.subarray(start + 1, at)));
    this.#put((field.string ??= this.#table.column(field, 'string')), 0);
    return at + 1;
  }

  #put(column: ColumnBuilder, value: number): void {
    const index = this.#fieldCount;
    this.#columns[index] = column;
    this.#numbers[index] = value;
    this.#fieldCount = index + 1;
    // A field that stands twice in its first line is counted twice: the bound on cells may be met early, never late.
    if (column.isEmpty) this.#newColumnCount += 1;
  }

  /** @returns the index of the newline behind the time */
  #readTime(start: number): number {
    const body = this.#body;
    if (body[start] === NEWLINE) {
      this.#time.ms = this.#now.ms;
      this.#time.subNs = this.#now.subNs;
      return start;
    }
    const at = start + 1;
    const predictedEnd = at + this.#timeSizeBytes;
    const isPredicted =
      this.#timeOffset >= 0 &&
      predictedEnd <= this.#end &&
      body[predictedEnd] === NEWLINE &&
      equalBytes(this.#view, this.#timeOffset, this.#view, at, this.#timeSizeBytes);
    const end = isPredicted ? predictedEnd : this.#parseTime(at);
    this.#time.ms = this.#timeMs;
    this.#time.subNs = this.#timeSubNs;
    return end;
  }

  #parseTime(start: number): number {
    const body = this.#body;
    const { subDigitCount, nsPerSubUnit, msPerUnit } = this.#unit;
    let end = start;
    while ((body[end]! - ZERO) >>> 0 < 10) end += 1;
    const digitCount = end - start;
    // Longer ones may be beyond int64; shorter ones than the digits counted apart are rare.
    if (body[end] !== NEWLINE || digitCount <= subDigitCount || digitCount > 13 + subDigitCount) return NOT_PLAIN;
    let units = 0;
    for (let at = start; at < end - subDigitCount; at += 1) units = units * 10 + (body[at]! - ZERO);
    let subUnits = 0;
    for (let at = end - subDigitCount; at < end; at += 1) subUnits = subUnits * 10 + (body[at]! - ZERO);
    const ms = units * msPerUnit;
    if (ms > PLAIN_MS_MAX) return NOT_PLAIN;
    this.#timeMs = ms;
    this.#timeSubNs = subUnits * nsPerSubUnit;
    this.#timeOffset = start;
    this.#timeSizeBytes = digitCount;
    return end;
  }
}

const TRUE_WORDS: readonly string[] = ['true', 'True', 'TRUE'];
const FALSE_WORDS: readonly string[] = ['false', 'False', 'FALSE'];

/** Ends a plain field key; all but `=` are for the exact reader. */
function isFieldKeyBreak(byte: number): boolean {
  return byte <= SPACE || byte === EQUALS || byte === BACKSLASH || byte === COMMA || byte === QUOTE;
}
