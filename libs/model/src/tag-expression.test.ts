import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { tagFilterOf, type TagExpression } from './tag-expression.ts';
import { matchesTags } from './tag-filter.ts';

const KEYS = ['a', 'b'];
const VALUES = ['', 'x', 'y', 'z'];
const matcherOf = (pattern: string) => (text: string): boolean => text.includes(pattern);
const match = (key: string, value: string): TagExpression => ({ kind: 'match', key, operator: '=', value });

/** By definition, part by part. */
function holds(expression: TagExpression, tags: ReadonlyMap<string, string>): boolean {
  switch (expression.kind) {
    case 'all':
      return true;
    case 'and':
      return expression.parts.every((part) => holds(part, tags));
    case 'or':
      return expression.parts.some((part) => holds(part, tags));
    case 'match': {
      const text = tags.get(expression.key) ?? '';
      if (expression.operator === '=') return text === expression.value;
      if (expression.operator === '!=') return text !== expression.value;
      return text.includes(expression.value) === (expression.operator === '=~');
    }
  }
}

function anyExpression(prng: Prng, depth: number): TagExpression {
  if (depth > 0 && prng.chance(0.7)) return { kind: prng.chance(0.75) ? 'or' : 'and', parts: Array.from({ length: prng.between(0, 4) }, () => anyExpression(prng, depth - 1)) };
  if (prng.chance(0.05)) return { kind: 'all' };
  return { kind: 'match', key: prng.pick(KEYS), operator: prng.chance(0.7) ? '=' : prng.pick(['!=', '=~', '!~']), value: prng.pick(VALUES) };
}

test('values that are taken together let the same tags pass as one by one', () => {
  const prng = new Prng(7);
  const tagSets = VALUES.flatMap((a) => VALUES.map((b) => new Map([['a', a], ['b', b]].filter(([, value]) => value !== '') as [string, string][])));
  for (let round = 0; round < 3_000; round += 1) {
    const expression = anyExpression(prng, 4);
    const filter = tagFilterOf(expression, matcherOf);
    for (const tags of tagSets) expect(matchesTags(filter, (key) => tags.get(key) ?? ''), JSON.stringify(expression)).toBe(holds(expression, tags));
  }
});

test('alternatives of one tag are one look-up, and none beside what always holds', () => {
  const nested: TagExpression = { kind: 'or', parts: [{ kind: 'or', parts: [match('a', 'x'), match('a', 'y')] }, match('a', 'z'), match('a', 'x')] };
  expect(tagFilterOf(nested, matcherOf)).toEqual({ kind: 'among', key: 'a', values: new Set(['x', 'y', 'z']) });
  expect(tagFilterOf({ kind: 'or', parts: [nested, match('b', 'x')] }, matcherOf)).toMatchObject({ kind: 'or', parts: [{ kind: 'among' }, { kind: 'equals', key: 'b' }] });
  expect(tagFilterOf({ kind: 'or', parts: [match('a', 'x'), { kind: 'all' }, match('a', 'y')] }, matcherOf)).toEqual({ kind: 'all' });
  expect(tagFilterOf({ kind: 'or', parts: [] }, matcherOf)).toEqual({ kind: 'or', parts: [] });
});
