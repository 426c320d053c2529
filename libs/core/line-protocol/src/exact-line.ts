import type { TimestampNs } from '@varve/base';
import { readExactFields, type ExactField } from './exact-fields.ts';
import { KEY_SIZE_BYTES_MAX, readExactKey, type ExactKey } from './exact-key.ts';
import { parseInt64 } from './exact-number.ts';
import { toTimeNs, type Precision } from './precision.ts';
import { ByteText, isDigit, MINUS, NEWLINE, SPACE, TAB } from './text.ts';

/** One line as objects. This reader defines what a line means; the columns' reader only knows the plain ones. */
export type ExactLine =
  | {
      readonly kind: 'point';
      readonly key: ExactKey & { readonly kind: 'key' };
      readonly fields: readonly ExactField[];
      /** undefined: the line has none. */
      readonly timeNs: TimestampNs | undefined;
    }
  | { readonly kind: 'error'; readonly reason: string };

/** Reads one line without whitespace in front and newline behind. @returns the reason in InfluxDB's words when it is none */
export function readExactLine(line: Uint8Array, precision: Precision): ExactLine {
  const text = new ByteText(line);
  const key = readExactKey(text);
  if (key.kind === 'error') return key;
  const read = readExactFields(text, skipBlanks(line, key.end));
  if (read.kind === 'error') return read;
  for (const field of read.fields) {
    // Four bytes part the series key from the field key in InfluxDB's files.
    const sizeBytes = key.end + 4 + field.keySizeBytes;
    if (sizeBytes > KEY_SIZE_BYTES_MAX)
      return { kind: 'error', reason: `max key length exceeded: ${sizeBytes} > ${KEY_SIZE_BYTES_MAX}` };
  }
  const time = readTime(text, skipBlanks(line, read.end), precision);
  if (typeof time === 'object') return { kind: 'error', reason: time.reason };
  return { kind: 'point', key, fields: read.fields, timeNs: time };
}

/** The index behind spaces, tabs and zero bytes. */
export function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === 0)) at += 1;
  return at;
}

function readTime(
  text: ByteText,
  start: number,
  precision: Precision,
): TimestampNs | undefined | { readonly reason: string } {
  const line = text.bytes;
  let end = start;
  while (end < line.length && line[end] !== SPACE && line[end] !== NEWLINE) {
    if (!isDigit(line[end]) && (line[end] !== MINUS || end > start)) return { reason: 'bad timestamp' };
    end += 1;
  }
  if (end === start) return undefined;
  const units = parseInt64(text.slice(start, end));
  if (typeof units === 'object') return units;
  const time = toTimeNs(units, precision);
  if (typeof time === 'object') return time;
  return line.subarray(end).every((byte) => byte === SPACE) ? time : { reason: 'point is invalid' };
}
