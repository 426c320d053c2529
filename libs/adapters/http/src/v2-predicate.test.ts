import { expect, test } from 'vitest';
import { parseV2Predicate } from './v2-predicate.ts';

const tag = (key: string, value: string): object => ({ kind: 'match', operator: '=', key, value });

test('a predicate is an AND of equalities, of which one may name the measurement', () => {
  const check = (text: string, measurement: string | undefined, ...parts: readonly object[]): void =>
    expect(parseV2Predicate(text), text).toEqual({ measurement, series: parts.length === 0 ? { kind: 'all' } : { kind: 'and', parts } });

  check('', undefined);
  check('  ', undefined);
  check('_measurement="m"', 'm');
  check('_measurement="m" AND host="a"', 'm', tag('host', 'a'));
  check('host = "a" and _measurement = "m" AND "dc 1"=\'x y\'', 'm', tag('host', 'a'), tag('dc 1', 'x y'));
  check('host=a1', undefined, tag('host', 'a1'));
  check(String.raw`host="a \"b\" \\ AND c=\"d\""`, undefined, tag('host', String.raw`a "b" \ AND c="d"`));
  check('host=""', undefined, tag('host', ''));
  check('_measurement="m" AND _measurement="m"', 'm');
  check('__proto__="x"', undefined, tag('__proto__', 'x'));
});

test('anything else is refused, and says where', () => {
  const check = (text: string, why: string): void => expect(() => parseV2Predicate(text), text).toThrow(`delete - cannot parse predicate ${JSON.stringify(text)}: ${why}`);

  check('host="a" OR host="b"', 'predicate only supports equality operators and conjunctions');
  check('host!="a"', 'predicate only supports equality operators and conjunctions');
  check('host=~/a/', 'predicate only supports equality operators and conjunctions');
  check('_field="f"', 'deletes by field are not supported');
  check('host', '= is expected at char 5');
  check('host="a', 'a name or a text in quotes is expected at char 6');
  check('host="a" host="b"', 'AND is expected at char 10');
  check('_measurement="a" AND', 'a name or a text in quotes is expected at char 21');
  check('_measurement="a" AND ', 'a name or a text in quotes is expected at char 21');
  check('host="a" OR', 'predicate only supports equality operators and conjunctions');
  check('host="a" ANDY="b"', 'AND is expected at char 10');
  check('(host="a")', 'a name or a text in quotes is expected at char 1');
  check('_measurement="a" AND _measurement="b"', '_measurement is compared with several names');
  expect(() => parseV2Predicate(Array.from({ length: 501 }, () => 'a=b').join(' AND '))).toThrow('more than 500 comparisons');
});

test('a long predicate is read or refused in a moment', () => {
  for (const text of ['"'.padEnd(100_000, '\\"'), ' '.repeat(100_000), `a="${'x'.repeat(100_000)}"`, 'a='.repeat(50_000), `a=b${' '.repeat(100_000)}and`]) {
    try {
      parseV2Predicate(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
    }
  }
});
