import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { KnownTexts } from './known-texts.ts';

test('what is read again and again is what was written, whether it was known, is long, or is not ASCII', () => {
  const texts = ['', 'host_1', 'host_2', 'é', 'ö', '\u0000', 'x'.repeat(256), 'y'.repeat(257), '\uFEFFa', ...Array.from({ length: 10_000 }, (_, index) => `t${index}`)];
  const known = new KnownTexts();
  for (let round = 0; round < 3; round += 1) {
    const writer = new ByteWriter();
    for (const text of texts) writer.text(text);
    const reader = new ByteReader(writer.finish());
    expect(texts.map(() => known.read(reader))).toEqual(texts);
  }
});

test('bytes that are no UTF-8 are no known text', () => {
  const known = new KnownTexts();
  const read = (...bytes: number[]): string => known.read(new ByteReader(Uint8Array.of(bytes.length, ...bytes)));
  expect(read(0xef, 0xbf, 0xbd)).toBe('\uFFFD');
  expect(read(0xff)).toBe('\uFFFD');
  expect(read(0x61)).toBe('a');
});

test('a text that is cut is refused, known or not', () => {
  const known = new KnownTexts();
  expect(known.read(new ByteReader(Uint8Array.of(2, 0x61, 0x62)))).toBe('ab');
  expect(() => known.read(new ByteReader(Uint8Array.of(2, 0x61)))).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
});
