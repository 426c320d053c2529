import fc from 'fast-check';
import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { snappyDecode, snappyPieces } from './snappy.ts';

const SIZE_MAX = 10_000_000;
const encoded = (bytes: Uint8Array): Buffer => Buffer.concat(Array.from(snappyPieces(bytes), (piece) => Buffer.from(piece)));
const decoded = (hex: string): string => Buffer.from(snappyDecode(Buffer.from(hex, 'hex'), SIZE_MAX)).toString();

test('E11: literals and copies of every form are read, those too that reach into themselves', () => {
  const check = (hex: string, expected: string): void => expect(decoded(hex), hex).toBe(expected);
  check('00', '');
  check('03 08 616263'.replaceAll(' ', ''), 'abc');
  check('03 f0 02 616263'.replaceAll(' ', ''), 'abc');
  check('03 f4 0200 616263'.replaceAll(' ', ''), 'abc');
  check('03 fc 02000000 616263'.replaceAll(' ', ''), 'abc');
  check('07 08 616263 01 03'.replaceAll(' ', ''), 'abcabca');
  check('08 08 616263 12 0300'.replaceAll(' ', ''), 'abcabcab');
  check('08 08 616263 13 03000000'.replaceAll(' ', ''), 'abcabcab');
  check('0b 00 61 26 0100'.replaceAll(' ', ''), 'a'.repeat(11));
});

test('E11: what is no block of snappy is refused in the words of Go, never read beyond', () => {
  for (const hex of ['', 'ff', 'ffffffffff7f', '6761726261676521', '03', '0308', '03086162', '0208616263', '0408616263', '07086162630104', '07086162630100', '050861626301', 'ffffffff0f00', '0a00610a']) {
    expect(() => decoded(hex), hex).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID', message: 'snappy: corrupt input' }));
  }
});

test('E11: a block that says more than the limit, or more than it can hold, is not unpacked', () => {
  const bytes = encoded(new Uint8Array(100_000));
  expect(() => snappyDecode(bytes, 99_999)).toThrow(expect.objectContaining({ code: 'REQUEST_TOO_LARGE' }));
  expect(() => snappyDecode(Buffer.from('ffffff7f0061', 'hex'), 2 ** 40)).toThrow('snappy: corrupt input');
});

test('E12: any bytes read back as themselves, and repeated ones become few', () => {
  const isSame = (bytes: Uint8Array): boolean => Buffer.from(snappyDecode(encoded(bytes), SIZE_MAX)).equals(bytes);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), isSame));
  fc.assert(fc.property(fc.array(fc.constantFrom('abcd', 'abcde', 'x', '0123456789'), { maxLength: 400 }), (words) => isSame(Buffer.from(words.join('')))));
  const prng = new Prng(7);
  for (const size of [65_535, 65_536, 65_537, 200_000]) {
    expect(isSame(Uint8Array.from({ length: size }, () => prng.between(0, 255)))).toBe(true);
    expect(isSame(Uint8Array.from({ length: size }, () => prng.between(0, 2)))).toBe(true);
  }
  // The worst that the writer's buffer must hold: literals of 61 bytes between copies of four.
  const worst = Buffer.concat(Array.from({ length: 2_000 }, () => Buffer.concat([Buffer.from(Array.from({ length: 61 }, () => prng.between(0, 255))), Buffer.from('wxyz')])));
  expect(isSame(worst)).toBe(true);
  expect(encoded(Buffer.from('label="value" '.repeat(10_000))).length).toBeLessThan(10_000);
});

test('E11: changed bytes are refused or give other bytes, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), fc.nat(255), (bytes, at, byte) => {
      const packed = encoded(bytes);
      packed[at % packed.length] = byte;
      try {
        snappyDecode(packed, SIZE_MAX);
      } catch (error) {
        expect(error).toMatchObject({ name: 'DbError' });
      }
    }),
  );
});
