import { ByteWriter, DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { encodeCatalog } from './catalog-codec.ts';
import { EMPTY_CATALOG, type Catalog, type Database } from './catalog.ts';
import { packCatalog, unpackCatalog } from './packed-catalog.ts';

/** So many that their text is more than one part. */
function catalogOf(databaseCount: number): Catalog {
  const databases = Array.from({ length: databaseCount }, (_, id): Database => ({ id, name: `d${id}`, defaultRetentionPolicy: '', retentionPolicies: new Map() }));
  return { ...EMPTY_CATALOG, databases: new Map(databases.map((each) => [each.name, each])) };
}

test('a packed catalog reads back as it was, in one part or in many, and is much smaller', () => {
  for (const count of [0, 1, 5_000]) expect(unpackCatalog(packCatalog(catalogOf(count)))).toStrictEqual(catalogOf(count));
  expect(packCatalog(catalogOf(5_000)).length).toBeLessThan(encodeCatalog(catalogOf(5_000)).length / 4);
});

test('what is cut, changed, announced as more or less than it is, or no zstd is refused', () => {
  const packed = packCatalog(catalogOf(10));
  const sizeBytes = encodeCatalog(catalogOf(10)).length;
  const frame = packed.subarray(4);
  const check = (bytes: Uint8Array): void => {
    expect(() => unpackCatalog(bytes)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as DbError);
  };
  expect(unpackCatalog(new ByteWriter().varint(sizeBytes).block(frame).finish())).toStrictEqual(catalogOf(10));
  for (let length = 0; length < packed.length; length += 1) check(packed.subarray(0, length));
  for (const wrong of [0, 1, sizeBytes - 1, sizeBytes + 1, 2 ** 40]) check(new ByteWriter().varint(wrong).block(frame).finish());
  check(new ByteWriter().varint(3).block(Uint8Array.of(1, 2, 3)).finish());
  check(new Uint8Array(8));
});
