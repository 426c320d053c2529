import { DbError } from '@varve/base';
import { applyCatalogCommand } from '@varve/catalog';
import { EMPTY_CATALOG, type Catalog } from '@varve/model';
import { expect, test } from 'vitest';
import { decodeSnapshot, snapshotPieces } from './snapshot-codec.ts';

const membership = { voters: [1, 2, 4], outgoing: [1, 2, 3], learners: [5], greatestId: 9 };

function catalogOf(databaseCount: number): Catalog {
  let catalog = EMPTY_CATALOG;
  for (let number = 1; number <= databaseCount; number += 1) {
    catalog = applyCatalogCommand(catalog, { kind: 'createDatabase', name: `database ${number}` }, { index: number, atMs: number, origin: { requestId: String(number) } }).catalog;
  }
  return catalog;
}

function bytesOf(catalog: Catalog): Uint8Array {
  return Buffer.concat([...snapshotPieces({ appliedIndex: 700, appliedTerm: 3, membership, catalog })]);
}

test('S08, S10: a snapshot reads back with its end, its members, its catalog and what is remembered of requests', () => {
  const catalog = catalogOf(5);
  expect(decodeSnapshot(bytesOf(catalog))).toEqual({ appliedIndex: 700, appliedTerm: 3, membership, catalog });
});

test('S12, S16: a large one goes in pieces that a bus carries', () => {
  const catalog = catalogOf(5_000);
  const pieces = [...snapshotPieces({ appliedIndex: 700, appliedTerm: 3, membership, catalog })];
  expect(pieces.length).toBeGreaterThan(5);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(256 * 1024);
  expect(decodeSnapshot(Buffer.concat(pieces)).catalog.databases.size).toBe(5_000);
});

test('S15: a snapshot that has lost or changed anything on its way is refused', () => {
  const bytes = bytesOf(catalogOf(3));
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    expect(() => decodeSnapshot(changed), `byte ${at}`).toThrow(DbError);
    expect(() => decodeSnapshot(bytes.subarray(0, at)), `cut at ${at}`).toThrow(DbError);
    expect(() => decodeSnapshot(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])), `without byte ${at}`).toThrow(DbError);
  }
});
