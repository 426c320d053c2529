import { ByteWriter } from '@varve/base';
import type { TagExpression, Tombstone } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrame } from './decode-frame.ts';
import { frameHeader } from './frame-header.ts';
import { HEADER_SIZE_BYTES, sealFrame } from './layout.ts';
import { PREDICATE_DEPTH_MAX, PREDICATE_TERM_COUNT_MAX } from './predicate.ts';
import { SHARD, stamps } from './testing/slices.ts';
import { anyTombstone } from './testing/tombstones.ts';
import { encodeTombstone, TOMBSTONE_BODY_SIZE_BYTES_MAX } from './tombstone-frame.ts';

const ALL: TagExpression = { kind: 'all' };
const tombstoneWith = (series: TagExpression): Tombstone => ({ measurement: undefined, series, startOffsetNs: 0, endOffsetNs: 1 });
const encode = (tombstone: Tombstone): Uint8Array => sealFrame(encodeTombstone(SHARD, tombstone), stamps()());
const nested = (depth: number): TagExpression => {
  let part: TagExpression = { kind: 'all' };
  for (let level = 1; level < depth; level += 1) part = { kind: 'or', parts: [part] };
  return part;
};
const wide = (count: number): TagExpression => ({ kind: 'and', parts: Array.from({ length: count - 1 }, () => ALL) });
const pattern = (length: number): TagExpression => ({ kind: 'match', key: '', operator: '=~', value: 'x'.repeat(length) });

test('F9: a tombstone decodes to what was encoded, with the header that was stamped', () => {
  fc.assert(
    fc.property(anyTombstone, (tombstone) => {
      const bytes = encode(tombstone);
      const header = { ...stamps()(), shard: SHARD, kind: 'tombstone', rowCount: 0 };
      expect(decodeFrame(bytes)).toEqual({ header, sections: [], tombstone, bytes, sizeBytes: bytes.length });
      expect(frameHeader(bytes)).toEqual(header);
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 2_000 },
  );
});

test('F10: a predicate that is too deep or too big is refused before anything is stamped, one just within passes', () => {
  const check = (series: TagExpression, text: string | undefined): void => {
    if (text === undefined) expect(decodeFrame(encode(tombstoneWith(series))).tombstone!.series).toEqual(series);
    else expect(() => encodeTombstone(SHARD, tombstoneWith(series))).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT', message: expect.stringContaining(text) as string }));
  };
  check(nested(PREDICATE_DEPTH_MAX), undefined);
  check(nested(PREDICATE_DEPTH_MAX + 1), 'deeper than 256');
  check(wide(PREDICATE_TERM_COUNT_MAX), undefined);
  check(wide(PREDICATE_TERM_COUNT_MAX + 1), 'more than 1024 parts');
  check(pattern(TOMBSTONE_BODY_SIZE_BYTES_MAX - 10), undefined);
  check(pattern(TOMBSTONE_BODY_SIZE_BYTES_MAX), 'bytes, at most');
});

// Well sealed frames that no encoder writes.
test('F10: bodies that are none are refused', () => {
  const check = (text: string, write: (body: ByteWriter) => void, counts = { rowCount: 0, sectionCount: 0 }): void => {
    const body = new ByteWriter().raw(new Uint8Array(HEADER_SIZE_BYTES));
    write(body);
    const bytes = sealFrame({ shard: SHARD, kind: 'tombstone', buffer: body.finish(), ...counts }, stamps()());
    expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID', message: expect.stringContaining(text) as string }));
  };
  const range = (body: ByteWriter, startNs = 0, endNs = 1): ByteWriter => body.u8(0).varint(startNs).varint(endNs);
  check('tombstone with 1 rows', (body) => range(body).u8(0), { rowCount: 1, sectionCount: 0 });
  check('in 1 sections', (body) => range(body).u8(0), { rowCount: 0, sectionCount: 1 });
  check('measurement flag 2', (body) => body.u8(2).varint(0).varint(1).u8(0));
  check('over [1, 1)', (body) => range(body, 1, 1).u8(0));
  check('over [0, 7776000000000002)', (body) => range(body, 0, 7_776_000_000_000_002).u8(0));
  check('unknown part 7', (body) => range(body).u8(7));
  check('1 bytes behind', (body) => range(body).u8(0).u8(0));
  check('1024 parts', (body) => range(body).u8(1).varint(1_024));
  check('deeper than 256', (body) => {
    range(body);
    for (let level = 0; level < 256; level += 1) body.u8(2).varint(1);
    body.u8(0);
  });
  check('600 parts', (body) => {
    range(body).u8(1).varint(2);
    for (const count of [600, 600]) body.u8(2).varint(count).raw(new Uint8Array(count));
  });
  check('a tombstone of', (body) => range(body).u8(5).text('').text('x'.repeat(TOMBSTONE_BODY_SIZE_BYTES_MAX)));
});

test('a kind of frame that this program does not know is refused by its number', () => {
  const bytes = encode(tombstoneWith(ALL));
  bytes[5] = 3;
  expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID', message: 'unknown kind of frame 3' }));
});
