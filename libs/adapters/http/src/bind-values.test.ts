import { expect, test } from 'vitest';
import { bindValuesOf } from './bind-values.ts';

// Texts are those of influxd 1.6.7 unless a comment says otherwise.

test('E8: values keep what they were written as', () => {
  const check = (text: string, expected: Readonly<Record<string, unknown>>): void => expect(bindValuesOf(text), text).toEqual(expected);

  check('', {});
  check(' null ', {});
  check('{}', {});
  check('{"s":"x","b":true,"f":1.5,"n":-7}', { s: 'x', b: true, f: 1.5, n: -7 });
  check('{"n":9223372036854775807,"m":-9223372036854775808}', { n: 9223372036854775807n, m: -9223372036854775808n });
  check('{"f":5.0}', { f: { float: 5 } });
  check('{"d":{"duration":"10m"},"i":{"identifier":"m"},"r":{"regex":"a[{"},"f":{"float":5.0},"g":{"float":5}}', {
    ...{ d: { duration: '10m' }, i: { identifier: 'm' }, r: { regex: 'a[{' }, f: { float: 5 }, g: { float: 5 } },
  });
  // Nobody looks at what stands behind the value.
  check('{"a":"a"} garbage', { a: 'a' });
  check('{"a":[{}, [], {"b":[1, -5.5e+0]}]}{"a":"b"}', { a: [{}, [], { b: [1, -5.5] }] });
  check('null x', {});
  check('{"a":"\\u00e9\\"}"}}', { a: 'é"}' });
  check('{"l":[1],"z":null,"o":{"a":1,"b":2}}', { l: [1], z: null, o: { a: 1, b: 2 } });
  check('{"__proto__":1,"constructor":2}', Object.fromEntries([['__proto__', 1], ['constructor', 2]]));
});

test('E8: what is no object of values is refused in the words of InfluxDB', () => {
  const check = (text: string, expected: string): void => expect(() => bindValuesOf(text), text).toThrow(expect.objectContaining({ code: 'QUERY_PARSE', message: expected }));

  check('{', 'error parsing query parameters: unexpected EOF');
  check('{"v":1', 'error parsing query parameters: unexpected EOF');
  check('[1]', 'error parsing query parameters: json: cannot unmarshal array into Go value of type map[string]interface {}');
  check('"x"', 'error parsing query parameters: json: cannot unmarshal string into Go value of type map[string]interface {}');
  check(' ', 'error parsing query parameters: EOF');
  check('x', "error parsing query parameters: invalid character 'x' looking for beginning of value");
  check('nul x', "error parsing query parameters: invalid character ' ' in literal null (expecting 'l')");
  check('{a:1}', "error parsing query parameters: invalid character 'a' looking for beginning of object key string");
  check("{'a':1}", "error parsing query parameters: invalid character '\\'' looking for beginning of object key string");
  check('{"a":1,}', "error parsing query parameters: invalid character '}' looking for beginning of object key string");
  check('{"a" 1}', "error parsing query parameters: invalid character '1' after object key");
  check('{"a":tru}', "error parsing query parameters: invalid character '}' in literal true (expecting 'e')");
  check('{"a":01}', "error parsing query parameters: invalid character '1' after object key:value pair");
  check('{"a":"a', 'error parsing query parameters: unexpected EOF');
  check('[1]]', 'error parsing query parameters: json: cannot unmarshal array into Go value of type map[string]interface {}');
  check('{"v":1e1}', 'error parsing json value: strconv.ParseInt: parsing "1e1": invalid syntax');
  check('{"v":99999999999999999999}', 'error parsing json value: strconv.ParseInt: parsing "99999999999999999999": value out of range');
  check('{"v":1.5e400}', 'error parsing json value: strconv.ParseFloat: parsing "1.5e400": value out of range');
});

test('E8: a deep document is refused before anything follows it down', () => {
  // InfluxDB follows it: Go's stack grows as far as memory goes.
  for (const text of [`{"v":${'['.repeat(500_000)}`, `{"v":${'[{"a":'.repeat(100_000)}`, `{"v":${'['.repeat(100)}${']'.repeat(100)}}`]) {
    expect(() => bindValuesOf(text)).toThrow('error parsing query parameters: exceeded max depth of 100');
  }
  expect(bindValuesOf(`{"v":"${'['.repeat(500)}\\"${'{'.repeat(500)}"}`)).toHaveProperty('v');
  expect(bindValuesOf(`{"v":${'['.repeat(99)}${']'.repeat(99)}}`)).toHaveProperty('v');
});
