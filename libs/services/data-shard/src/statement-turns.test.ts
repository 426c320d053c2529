import type { InstantMs } from '@varve/base';
import type { Clock } from '@varve/ports';
import type { ShardPlan } from '@varve/query';
import { expect, test } from 'vitest';
import { StatementTurns } from './statement-turns.ts';

const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0 as InstantMs, after: () => ({ cancel() {} }), turn: async () => undefined };
const [ONE, OTHER] = [{}, {}] as unknown as readonly [ShardPlan, ShardPlan];

test('shards of one statement take turns together, at once or one after the other', () => {
  const turns = new StatementTurns(clock);
  const first = turns.begin(ONE);
  expect(turns.begin(ONE)).toBe(first);
  expect(turns.begin(OTHER)).not.toBe(first);
  turns.end(ONE);
  expect(turns.begin(ONE)).toBe(first);
  for (let reader = 0; reader < 2; reader += 1) turns.end(ONE);
  turns.end(OTHER);
  expect(turns.begin(ONE)).toBe(first); // Nothing else has begun since.
});

test('a statement is forgotten when it is over and another one begins', () => {
  const turns = new StatementTurns(clock);
  const first = turns.begin(ONE);
  turns.end(ONE);
  turns.begin(OTHER);
  expect(turns.begin(ONE)).not.toBe(first);
});
