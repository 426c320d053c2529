import { areSmall, divide, reciprocalOfPower, type ScaledDecimals, scaleDecimals, scaleMostDecimals, SMALL_DIGIT_COUNT_MAX } from './decimals.ts';
import { maybeWriteFloatDictionary, readFloatDictionary } from './float-dictionary.ts';
import { readIntegers, readQuotients, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';
import { readExponents, readHighWords, writeExponents, writeHighWords } from './split-floats.ts';

/*
 * Floats are decimals where that is exact, but for a few that may be odd; else values from a list where they repeat; else
 * a high part that neighbours have in common, in a form of integers, and low bits as they are.
 */

// The tag of a page: digits behind the point, 0..14; 32 more where all integers are small; or one of these.
const DIGIT_COUNT_MAX = 14;
const MOSTLY_DECIMALS = 15;
const HIGH_WORDS = 16;
const EXPONENTS = 17;
const DICTIONARY = 18;
const SMALL = 32;
const RAW = 255;

/** Fewer values are stored as they are. */
const COUNT_MIN = 8;
/** Decimals that take more than this per value may be none. */
const DECIMAL_SIZE_BYTES_MAX = 5;

/** Encodes any float64 values, bit by bit but for the payload of NaN. */
export function writeFloats(writer: PageWriter, values: Float64Array): void {
  const start = writer.at;
  const isDecimal = maybeWriteDecimals(writer, values);
  const middle = writer.at;
  if (isDecimal && (values.length < COUNT_MIN || middle - start <= values.length * DECIMAL_SIZE_BYTES_MAX)) return;
  if (values.length < COUNT_MIN) writeRaw64(writer.u8(RAW), values);
  else writeBits(writer, values);
  if (isDecimal) writer.keepSmaller(start, middle);
}

/** The inverse of {@link writeFloats}, into the first `count` values of `into`. @throws DbError CHUNK_INVALID */
export function readFloats(reader: PageReader, count: number, into: Float64Array): void {
  const form = reader.u8();
  switch (form) {
    case MOSTLY_DECIMALS:
      readDecimals(reader, reader.u8(), count, into);
      return readOdd(reader, count, into);
    case HIGH_WORDS:
      return readHighWords(reader, count, into);
    case EXPONENTS:
      return readExponents(reader, count, into);
    case DICTIONARY:
      return readFloatDictionary(reader, count, into);
    case RAW:
      return readRaw64(reader, count, into);
    default:
      return readDecimals(reader, form, count, into);
  }
}

/** Where all are decimals, or nearly all. */
function maybeWriteDecimals(writer: PageWriter, values: Float64Array): boolean {
  const start = writer.at;
  const mostly = scaleMostDecimals(values, DIGIT_COUNT_MAX);
  if (mostly !== undefined && mostly.odd.length === 0) {
    writeDecimals(writer, mostly);
    return true;
  }
  const all = scaleDecimals(values, DIGIT_COUNT_MAX);
  if (all !== undefined) writeDecimals(writer, all);
  if (mostly === undefined) return all !== undefined;
  const middle = writer.at;
  writeDecimals(writer.u8(MOSTLY_DECIMALS), mostly);
  writeOdd(writer, mostly.odd, values);
  if (all !== undefined) writer.keepSmaller(start, middle);
  return true;
}

function writeDecimals(writer: PageWriter, decimals: ScaledDecimals): void {
  const { digitCount, integers } = decimals;
  writeIntegers(writer.u8(areSmall(decimals) ? SMALL + digitCount : digitCount), integers);
}

function readDecimals(reader: PageReader, tag: number, count: number, into: Float64Array): void {
  const isSmall = tag > SMALL && tag <= SMALL + SMALL_DIGIT_COUNT_MAX;
  if (tag > DIGIT_COUNT_MAX && !isSmall) throw invalid(`unknown form of floats ${tag}`);
  const digitCount = tag % SMALL;
  if (isSmall) return readQuotients(reader, count, into, reciprocalOfPower(digitCount));
  readIntegers(reader, count, into);
  if (digitCount > 0) divide(into, count, digitCount);
}

function writeOdd(writer: PageWriter, odd: readonly number[], values: Float64Array): void {
  writer.varint(odd.length);
  let next = 0;
  for (const index of odd) {
    writer.varint(index - next).f64(values[index]!);
    next = index + 1;
  }
}

function readOdd(reader: PageReader, count: number, into: Float64Array): void {
  const oddCount = reader.varint();
  let next = 0;
  for (let read = 0; read < oddCount; read += 1) {
    const index = next + reader.varint();
    if (index >= count) throw invalid(`an odd value at ${index} of ${count}`);
    into[index] = reader.f64();
    next = index + 1;
  }
}

/** The smallest form of values that are no decimals. */
function writeBits(writer: PageWriter, values: Float64Array): void {
  if (maybeWriteFloatDictionary(writer, values, DICTIONARY)) return;
  const start = writer.at;
  writeExponents(writer.u8(EXPONENTS), values);
  const middle = writer.at;
  writeHighWords(writer.u8(HIGH_WORDS), values);
  writer.keepSmaller(start, middle);
}
