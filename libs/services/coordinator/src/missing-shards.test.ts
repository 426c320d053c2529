import { expect, test } from 'vitest';
import { MissingShards, unavailable } from './missing-shards.ts';

test('Q9: an answer that has all its shards says nothing', () => {
  expect([...new MissingShards().items(3)]).toEqual([]);
});

test('Q9: a missing shard is one warning, however often it was missed, and the answer is partial', () => {
  const missing = new MissingShards();
  missing.add(7, unavailable(7, [1, 2], undefined));
  missing.add(7, unavailable(7, [2], undefined));
  const text = 'no owner of shard 7 answered (asked 1, 2): it has none; retry';
  expect([...missing.items(3)]).toEqual([
    { kind: 'message', statementId: 3, level: 'warning', text },
    { kind: 'partial', statementId: 3, text: `partial answer: one shard is missing: ${text}` },
  ]);
});

test('Q9: of many missing shards ten are named', () => {
  const missing = new MissingShards();
  for (let shard = 1; shard <= 500; shard += 1) missing.add(shard, unavailable(shard, [1], undefined));
  const items = [...missing.items(0)];
  expect(items).toHaveLength(12);
  expect(items.at(-2)).toMatchObject({ kind: 'message', text: '490 more shards are missing' });
  expect(items.at(-1)).toMatchObject({ kind: 'partial', text: expect.stringMatching(/^partial answer: 500 shards are missing: no owner of shard 1 answered/) as string });
});
