import type { FieldType, FieldValue } from '@varve/model';
import { parseFloat64, parseInt64, scanNumber } from './exact-number.ts';
import {
  BACKSLASH,
  type ByteText,
  COMMA,
  decodeText,
  DOT,
  EQUALS,
  isDigit,
  LOWER_I,
  MINUS,
  QUOTE,
  SPACE,
  unescapeName,
  unescapeString,
} from './text.ts';

/** One field of a line. Integers are bigint here, whatever their size. */
export interface ExactField {
  readonly name: string;
  /** Size of the key as it was sent. */
  readonly keySizeBytes: number;
  readonly type: FieldType;
  readonly value: FieldValue;
}

export type ExactFields =
  | { readonly kind: 'fields'; readonly fields: readonly ExactField[]; readonly end: number }
  | { readonly kind: 'error'; readonly reason: string };

const BOOLEANS = new Map<string, boolean>([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
]);

/**
 * Reads the fields of a line in the two passes of InfluxDB 1.6.7: one finds where they end and checks their form, one
 * cuts them apart. The passes escape differently, and what only the second one finds wrong is refused here too (there
 * it is an error 500 or a crash).
 */
export function readExactFields(text: ByteText, start: number): ExactFields {
  const line = text.bytes;
  const scanned = scanFields(line, start);
  if ('reason' in scanned) return { kind: 'error', reason: scanned.reason };
  const fields: ExactField[] = [];
  const { end, fieldCount } = scanned;
  for (let at = start; at < end;) {
    const keyEnd = keyEndFrom(line, at, end);
    const key = text.slice(at, keyEnd);
    if (key === '') return { kind: 'error', reason: 'missing field key' };
    if (keyEnd > end - 2) return { kind: 'error', reason: `invalid value: field-key=${key}` };
    const valueEnd = valueEndFrom(line, keyEnd + 1, end);
    const typed = typedValue(text.slice(keyEnd + 1, valueEnd));
    if ('reason' in typed) return { kind: 'error', reason: typed.reason };
    fields.push({ name: unescapeName(key), keySizeBytes: keyEnd - at, ...typed });
    at = valueEnd + 1;
  }
  if (fields.length !== fieldCount) return { kind: 'error', reason: 'invalid field format' };
  return { kind: 'fields', fields, end };
}

function scanFields(
  line: Uint8Array,
  start: number,
): { readonly end: number; readonly fieldCount: number } | { readonly reason: string } {
  let isQuoted = false;
  let equalsCount = 0;
  let commaCount = 0;
  let at = start;
  while (at < line.length) {
    const byte = line[at]!;
    if (byte === BACKSLASH && at + 1 < line.length) {
      at += 2;
      continue;
    }
    if (byte === QUOTE && equalsCount > commaCount) {
      isQuoted = !isQuoted;
    } else if (!isQuoted) {
      if (byte === SPACE) break;
      if (byte === COMMA) commaCount += 1;
      if (byte === EQUALS) {
        equalsCount += 1;
        const value = scanValue(line, at);
        if ('reason' in value) return value;
        if (value.end > at + 1) {
          at = value.end;
          continue;
        }
      }
    }
    at += 1;
  }
  if (isQuoted) return { reason: 'unbalanced quotes' };
  return equalsCount === 0 || commaCount !== equalsCount - 1
    ? { reason: 'invalid field format' }
    : { end: at, fieldCount: equalsCount };
}

/** Looks at what stands on both sides of an unquoted `=`. A string value is left to the caller. */
function scanValue(line: Uint8Array, equalsAt: number): { readonly end: number } | { readonly reason: string } {
  const before = line[equalsAt - 1];
  if ((before === SPACE || before === COMMA) && line[equalsAt - 2] !== BACKSLASH)
    return { reason: 'missing field key' };
  const start = equalsAt + 1;
  const first = line[start];
  if (first === undefined || first === COMMA || first === SPACE) return { reason: 'missing field value' };
  if (first === QUOTE) return { end: start };
  if (isDigit(first) || first === DOT || first === MINUS || first === 0x4e || first === 0x6e)
    return scanNumber(line, start);
  let end = start;
  while (end < line.length && line[end] !== COMMA && line[end] !== SPACE) end += 1;
  return BOOLEANS.has(decodeText(line.subarray(start, end))) ? { end } : { reason: 'invalid boolean' };
}

function keyEndFrom(line: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (line[at] !== EQUALS || (at > start && line[at - 1] === BACKSLASH))) at += 1;
  return at;
}

function valueEndFrom(line: Uint8Array, start: number, end: number): number {
  let isQuoted = false;
  let at = start;
  while (at < end && (isQuoted || line[at] !== COMMA)) {
    const next = at + 1 < end ? line[at + 1] : undefined;
    const isEscape = line[at] === BACKSLASH && (next === QUOTE || next === BACKSLASH);
    if (line[at] === QUOTE) isQuoted = !isQuoted;
    at += isEscape ? 2 : 1;
  }
  return at;
}

function typedValue(
  text: string,
): { readonly type: FieldType; readonly value: FieldValue } | { readonly reason: string } {
  if (text === '') return { reason: 'missing field value' };
  if (text.startsWith('"')) {
    // Whatever stands last is taken for the closing quote, as InfluxDB does.
    return text.length === 1
      ? { reason: 'unbalanced quotes' }
      : { type: 'string', value: unescapeString(text.slice(1, -1)) };
  }
  const boolean = BOOLEANS.get(text);
  if (boolean !== undefined) return { type: 'boolean', value: boolean };
  if (!/^[0-9.nNiIu-]/.test(text)) return { reason: 'invalid boolean' };
  if (text.charCodeAt(text.length - 1) === LOWER_I) {
    const integer = parseInt64(text.slice(0, -1));
    return typeof integer === 'bigint' ? { type: 'integer', value: integer } : { reason: 'invalid number' };
  }
  const float = parseFloat64(text);
  return float === undefined ? { reason: 'invalid number' } : { type: 'float', value: float };
}
