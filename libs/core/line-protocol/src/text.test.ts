import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText } from './text.ts';

test('valid UTF-8 is read as it is, and every stray byte as one U+FFFD', () => {
  const check = (bytes: readonly number[], expected: string): void =>
    expect(decodeText(Uint8Array.from(bytes)), bytes.join(' ')).toBe(expected);

  check([0xef, 0xbf, 0xbd, 0xff], '\ufffd\ufffd'); // U+FFFD itself is a character
  check([0xe2, 0x82, 0x61], '\ufffd\ufffda'); // cut off
  check([0xf0, 0x9f, 0x98, 0x80, 0x80], '😀\ufffd');
  check([0xc0, 0x80], '\ufffd\ufffd'); // a longer form of U+0000
  check([0xe0, 0x80, 0x80], '\ufffd\ufffd\ufffd');
  check([0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'); // a surrogate
  check([0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'); // beyond U+10FFFF
  check([0xef, 0xbb, 0xbf, 0x61], '\ufeffa'); // a byte order mark is text
});

test('broken and whole characters side by side stay apart', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(undefined), fc.string({ unit: 'grapheme', maxLength: 3 }))), (parts) => {
      const bytes = parts.flatMap((part) => (part === undefined ? [0xff] : [...new TextEncoder().encode(part)]));
      expect(decodeText(Uint8Array.from(bytes))).toBe(parts.map((part) => part ?? '\ufffd').join(''));
    }),
  );
});
