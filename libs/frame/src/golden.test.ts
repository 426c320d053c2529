import { expect, test } from 'vitest';
import type { FieldValue, Tombstone } from '@varve/model';
import { encodeFrames, encodeVoidFrame } from './encode-frame.ts';
import { sealFrame } from './layout.ts';
import { sliceOf, SHARD, stamps } from './testing/slices.ts';
import { encodeTombstone } from './tombstone-frame.ts';

// Frames are on disk and on the bus for as long as there are clusters. If this fails, an older node would misread a newer
// frame or the other way round: bump the format version, keep reading the old one, and change docs/formats/frame.md. The
// same rows written in another way that old nodes read is fine: then the bytes here are changed on purpose.

test('the bytes of a frame change only on purpose', () => {
  const point = (host: string, offsetNs: number, fields: Record<string, FieldValue>) => ({
    measurement: 'm',
    host,
    offsetNs,
    fields: new Map(Object.entries(fields)),
  });
  const [bytes] = encodeFrames(
    sliceOf([
      point('b', 20e9, { integer: 300, float: 72.35, boolean: true, string: 'on', big: 2n ** 60n }),
      point('a', 10e9, { integer: -5, float: 0.5, boolean: false, string: 'é' }),
      point('b', 10e9, { floatRaw: 1 / 3, string: 'on' }),
    ]),
    stamps(),
  );
  expect(linesOfHex(bytes!)).toMatchInlineSnapshot(`
    "56 52 56 46 01 01 00 00 5f c5 53 3c e2 00 00 00
    07 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
    03 00 00 00 03 00 00 00 00 a8 da 76 9b 01 01 00
    03 00 00 00 01 00 00 00 01 6d 02 00 1a 00 00 00
    00 00 00 00 20 40 10 6d 2c 68 6f 73 74 3d 62 6d
    2c 68 6f 73 74 3d 61 03 01 00 00 00 00 00 00 f0
    3f 01 00 03 01 00 00 00 00 00 00 24 40 00 0a 00
    06 07 69 6e 74 65 67 65 72 01 01 06 00 02 00 00
    00 00 00 00 14 c0 31 01 31 01 00 00 05 66 6c 6f
    61 74 00 01 06 02 02 00 00 00 00 00 00 49 40 11
    1c 11 1c 00 00 07 62 6f 6f 6c 65 61 6e 03 01 06
    02 06 73 74 72 69 6e 67 04 00 02 01 00 00 00 00
    00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 40
    04 6f 6e c3 a9 03 62 69 67 02 01 02 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 10 00 00 00 00
    00 00 00 00 08 66 6c 6f 61 74 52 61 77 00 01 01
    00 08 55 55 55 55 55 55 d5 3f 55 55 55 55 55 55
    d5 3f 55 55 55 55 55 55 d5 3f"
  `);
});

test('the bytes of a void frame change only on purpose', () => {
  expect(linesOfHex(encodeVoidFrame(SHARD, stamps()()))).toMatchInlineSnapshot(`
    "56 52 56 46 01 01 00 00 69 c9 c1 b1 00 00 00 00
    07 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
    03 00 00 00 03 00 00 00 00 a8 da 76 9b 01 01 00
    00 00 00 00 00 00 00 00"
  `);
});

test('the bytes of a tombstone change only on purpose', () => {
  const tombstone: Tombstone = {
    measurement: 'm é',
    series: {
      kind: 'and',
      parts: [
        { kind: 'match', key: 'host', operator: '=', value: 'a' },
        { kind: 'or', parts: [{ kind: 'match', key: 'dc', operator: '=~', value: '^x' }, { kind: 'match', key: 'dc', operator: '!~', value: 'y$' }] },
        { kind: 'match', key: 'os', operator: '!=', value: '' },
        { kind: 'all' },
      ],
    },
    startOffsetNs: 1_000,
    endOffsetNs: 7_776_000_000_000_001,
  };
  expect(linesOfHex(sealFrame(encodeTombstone(SHARD, tombstone), stamps()()))).toMatchInlineSnapshot(`
    "56 52 56 46 01 02 00 00 5d c3 ba 0c 30 00 00 00
    07 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
    03 00 00 00 03 00 00 00 00 a8 da 76 9b 01 01 00
    00 00 00 00 00 00 00 00 01 04 6d 20 c3 a9 e8 07
    81 80 98 ae b1 87 e8 0d 01 04 03 04 68 6f 73 74
    01 61 02 02 05 02 64 63 02 5e 78 06 02 64 63 02
    79 24 04 02 6f 73 00 00"
  `);
});

function linesOfHex(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return hex
    .match(/.{1,48}/g)!
    .map((line) => line.trim())
    .join('\n');
}
