import { COMMA, decodeText, DOT, isDigit, LOWER_I, MINUS, PLUS, SPACE } from './text.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
/** From here on InfluxDB looks at a number's range while it parses the line. */
const INTEGER_SIZE_CHECKED = 19;
const FLOAT_SIZE_CHECKED = 309;

/** Where a number ends, or why it is none. */
export type ScannedNumber = { readonly end: number } | { readonly reason: string };

const INVALID: ScannedNumber = { reason: 'invalid number' };

/** Checks the form of a number as InfluxDB 1.6.7 does: an `i` makes an integer; `u` is not supported. */
export function scanNumber(line: Uint8Array, start: number): ScannedNumber {
  let end = start;
  while (end < line.length && line[end] !== COMMA && line[end] !== SPACE) end += 1;
  const isNegative = line[start] === MINUS;
  const isInteger = line[end - 1] === LOWER_I;
  const digitsEnd = isInteger ? end - 1 : end;
  let digitCount = 0;
  let dotCount = 0;
  let isScientific = false;
  for (let at = isNegative ? start + 1 : start; at < digitsEnd; at += 1) {
    const byte = line[at]!;
    if (isDigit(byte)) digitCount += 1;
    else if (byte === DOT) dotCount += 1;
    else if (isExponentMark(byte) && at > start) isScientific = true;
    else if ((byte !== PLUS && byte !== MINUS) || !isExponentMark(line[at - 1])) return INVALID;
  }
  if (dotCount > 1 || (isInteger && (dotCount > 0 || isScientific)) || (digitCount === 0 && !isScientific))
    return INVALID;
  const sizeBytes = digitsEnd - start;
  if (isInteger) {
    if (sizeBytes < INTEGER_SIZE_CHECKED) return { end };
    const digits = decodeText(line.subarray(start, digitsEnd));
    const parsed = parseInt64(digits);
    return typeof parsed === 'bigint' ? { end } : { reason: `unable to parse integer ${digits}: ${parsed.reason}` };
  }
  const mustParse = isScientific || sizeBytes >= FLOAT_SIZE_CHECKED;
  if (mustParse && parseFloat64(decodeText(line.subarray(start, end))) === undefined)
    return { reason: 'invalid float' };
  return { end };
}

function isExponentMark(byte: number | undefined): boolean {
  return byte === 0x65 || byte === 0x45;
}

/** An int64 from its decimal digits, or the reason in the words of Go's strconv. */
export function parseInt64(digits: string): bigint | { readonly reason: string } {
  const failed = (why: string): { readonly reason: string } => ({
    reason: `strconv.ParseInt: parsing "${digits}": ${why}`,
  });
  if (!/^-?[0-9]+$/.test(digits)) return failed('invalid syntax');
  // Longer than any int64, leading zeros aside: not worth a bigint of that size.
  if (digits.replace(/^-?0*/, '').length > 19) return failed('value out of range');
  const value = BigInt(digits);
  return value < INT64_MIN || value > INT64_MAX ? failed('value out of range') : value;
}

/** The float64 nearest to a decimal, undefined when it is none or too large. */
export function parseFloat64(text: string): number | undefined {
  if (!/^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
