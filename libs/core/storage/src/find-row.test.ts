import { expect, test } from 'vitest';
import type { ChunkBytes } from './read-pieces.ts';
import { ShardNode } from './testing/shard-node.ts';

const ROWS = Array.from({ length: 40 }, (_row, index) => ({ key: 'cpu,host=a', offsetNs: index * 10, fields: { f: index } }));
const none: ChunkBytes = { header: () => undefined, payload: () => undefined };

test('SH2 headers tell of blocks that lie in the range, and payloads are asked for only where they do not', () => {
  const node = new ShardNode();
  node.write(10, ROWS);
  node.flush();
  const { table, shard } = node;
  const headers: ChunkBytes = { header: (chunkId) => shard.bytes.header(chunkId), payload: () => undefined };
  const all = { startOffsetNs: 0, endOffsetNs: 1_000 };
  const between = { startOffsetNs: 11, endOffsetNs: 19 };
  expect(table.findRow(1, all, none)).toMatchObject({ kind: 'missingHeaders', chunks: [{ chunkId: 1 }] });
  expect(table.findRow(1, all, headers)).toEqual({ kind: 'found' });
  expect(table.findRow(1, between, headers)).toEqual({ kind: 'missingPayload', chunkId: 1 });
  expect(table.findRow(1, between, shard.bytes)).toEqual({ kind: 'none' });
  expect(table.findRow(1, { startOffsetNs: 400, endOffsetNs: 500 }, none)).toEqual({ kind: 'none' });
});

test('SH2 a delete makes headers say too little, and rows are looked at', () => {
  const node = new ShardNode();
  node.write(10, ROWS);
  node.flush();
  node.delete(20, { startOffsetNs: 0, endOffsetNs: 390 });
  expect(node.table.findRow(1, { startOffsetNs: 0, endOffsetNs: 1_000 }, node.shard.bytes)).toEqual({ kind: 'found' });
  expect(node.table.findRow(1, { startOffsetNs: 0, endOffsetNs: 390 }, node.shard.bytes)).toEqual({ kind: 'none' });
});
