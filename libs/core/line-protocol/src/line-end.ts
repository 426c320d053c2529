import { BACKSLASH, COMMA, EQUALS, NEWLINE, QUOTE, SPACE } from './text.ts';

/**
 * Where the line that begins at `start` ends: at its newline, or at the end of the body. A newline inside a quoted
 * string value belongs to the line. Quotes only count behind the first space and only where a value may stand, which
 * is where more `=` than `,` were seen. Source: the behaviour of InfluxDB 1.6.7.
 */
export function lineEnd(bytes: Uint8Array, start: number): number {
  let isQuoted = false;
  let isInFields = false;
  let openValueCount = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte === BACKSLASH && at + 2 < bytes.length) {
      at += 2;
      continue;
    }
    if (byte === SPACE) isInFields = true;
    else if (byte === NEWLINE && !isQuoted) return at;
    else if (isInFields) {
      if (byte === QUOTE && openValueCount > 0) isQuoted = !isQuoted;
      else if (byte === EQUALS && !isQuoted) openValueCount += 1;
      else if (byte === COMMA && !isQuoted) openValueCount -= 1;
    }
    at += 1;
  }
  return at;
}
