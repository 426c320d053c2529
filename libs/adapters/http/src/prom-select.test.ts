import { expect, test } from 'vitest';
import { promSelect } from './prom-select.ts';
import type { PromMatcher } from './prom-messages.ts';

const [EQUAL, NOT_EQUAL, MATCH, NO_MATCH] = [0, 1, 2, 3];
const select = (...matchers: readonly (readonly [type: number, name: string, value: string])[]): ReturnType<typeof promSelect> =>
  promSelect({ startMs: 1_000n, endMs: 2_000n, matchers: matchers.map(([type, name, value]): PromMatcher => ({ type, name, value })) });
const TIMES = 'time >= 1000000000 AND time <= 2000999999 GROUP BY *';

test('E12: a query is a SELECT; what the sender names is bound, never text', () => {
  expect(select([EQUAL, '__name__', 'up'])).toEqual({ text: `SELECT value::field FROM $source WHERE ${TIMES}`, params: { source: { identifier: 'up' } } });
  expect(select([NOT_EQUAL, 'a"; DROP DATABASE x', "'"], [EQUAL, '__name__', 'u"p'])).toEqual({
    text: `SELECT value::field FROM $source WHERE $name0::tag != $value0 AND ${TIMES}`,
    params: { source: { identifier: 'u"p' }, name0: { identifier: 'a"; DROP DATABASE x' }, value0: { string: "'" } },
  });
});

test('E12: patterns match whole values; a name that is not said comes from all measurements', () => {
  expect(select([MATCH, '__name__', 'a|b']).params).toEqual({ source: { regex: '^(?:a|b)$' } });
  expect(select([NO_MATCH, '__name__', 'a'], [MATCH, 'j', '.+'])).toEqual({
    text: `SELECT value::field FROM $source WHERE $name0::tag !~ $value0 AND $name1::tag =~ $value1 AND ${TIMES}`,
    params: { source: { regex: '.*' }, name0: { identifier: '__name__' }, value0: { regex: '^(?:a)$' }, name1: { identifier: 'j' }, value1: { regex: '^(?:.+)$' } },
  });
});

test('E12: times stay within those of InfluxQL', () => {
  const { text } = promSelect({ startMs: -(2n ** 63n), endMs: 2n ** 63n - 1n, matchers: [{ type: 0, name: 'a', value: 'b' }] });
  expect(text).toContain('time >= -9223372036854775806 AND time <= 9223372036854775806');
});

test('E12: what asks nothing, or in an unknown way, is refused in the words of InfluxDB', () => {
  expect(() => select()).toThrow('expected matcher');
  expect(() => select([4, 'a', 'b'])).toThrow('unknown match type 4');
  expect(() => select([-1, 'a', 'b'])).toThrow('unknown match type -1');
});
