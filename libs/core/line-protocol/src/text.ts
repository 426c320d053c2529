/** Bytes that mean something in line protocol. */
export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;
export const LOWER_E = 0x65;
export const LOWER_I = 0x69;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

/**
 * Text of UTF-8 bytes. Every byte that is not part of valid UTF-8 becomes one U+FFFD, as InfluxDB shows it (the
 * platform's decoder makes one of a whole cut-off sequence).
 */
export function decodeText(bytes: Uint8Array): string {
  const text = utf8.decode(bytes);
  return text.includes('\ufffd') ? decodeBroken(bytes) : text;
}

function decodeBroken(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const sizeBytes = sequenceSizeBytes(bytes, at);
    if (sizeBytes === 0) text += '\ufffd';
    else if (sizeBytes === 1) text += String.fromCharCode(bytes[at]!);
    else text += utf8.decode(bytes.subarray(at, at + sizeBytes));
    at += Math.max(1, sizeBytes);
  }
  return text;
}

/** How many bytes the character at `at` has, 0 when there is no valid one. Source: Unicode, table of well-formed UTF-8. */
function sequenceSizeBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const sizeBytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  // No second form of a shorter character, no surrogate, nothing beyond U+10FFFF.
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90)) return 0;
  if ((lead === 0xed && second > 0x9f) || (lead === 0xf4 && second > 0x8f)) return 0;
  for (let next = at + 1; next < at + sizeBytes; next += 1) {
    if (next >= bytes.length || (bytes[next]! & 0xc0) !== 0x80) return 0;
  }
  return sizeBytes;
}

/** Cuts texts out of bytes: one decoding serves all of them where every character is one byte. */
export class ByteText {
  readonly bytes: Uint8Array;
  readonly #text: string;
  readonly #isAligned: boolean;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#text = decodeText(bytes);
    this.#isAligned = this.#text.length === bytes.length;
  }

  slice(start: number, end: number): string {
    return this.#isAligned ? this.#text.slice(start, end) : decodeText(this.bytes.subarray(start, end));
  }
}

/** Measurements and field keys: a backslash in front of `,` `"` space or `=` goes away. */
export function unescapeName(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([," =])/g, '$1') : text;
}

/** Tag keys and values: a backslash in front of `,` space or `=` goes away. */
export function unescapeTag(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([, =])/g, '$1') : text;
}

/** String values: a backslash in front of `"` or another backslash goes away. */
export function unescapeString(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\(["\\])/g, '$1') : text;
}
