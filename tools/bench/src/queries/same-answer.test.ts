import { expect, test } from 'vitest';
import { differenceOf } from './same-answer.ts';

function check(own: string, other: string, expected: string | undefined): void {
  expect(differenceOf(own, other)).toBe(expected);
}

test('answers are compared as values: spaces and the order of names do not count, the order of rows does', () => {
  check('{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1 }', undefined);
  check('{"a":[1,2]}', '{"a":[2,1]}', 'answer.a[0] is 1, not 2');
  check('{"a":[1]}', '{"a":[1,2]}', 'answer.a has 1 elements, not 2');
  check('{"a":1}', '{"a":1,"b":null}', 'answer.b is absent, not null');
  check('{"a":"1"}', '{"a":1}', 'answer.a is "1", not 1');
  check('{"a":{}}', '{"a":[]}', 'answer.a is an object, not a list');
});

test('a series that is right may call itself partial, one that is compared may not', () => {
  check('[{"values":[1]}]', '[{"values":[1],"partial":true}]', undefined);
  check('[{"values":[1],"partial":true}]', '[{"values":[1]}]', 'answer[0].partial is true, not absent');
});

test('whole numbers are exact in all their digits', () => {
  check('[1767225600000000001]', '[1767225600000000001]', undefined);
  check('[1767225600000000001]', '[1767225600000000002]', 'answer[0] is 1767225600000000001, not 1767225600000000002');
});

test('numbers with a fraction may differ as sums in another order do, and no further', () => {
  check('[0.30000000000000004]', '[0.3]', undefined);
  check('[50.0]', '[50]', undefined);
  check('[0.30000000001]', '[0.3]', 'answer[0] is 0.30000000001, not 0.3');
  check('[0.0]', '[1e-300]', 'answer[0] is 0, not 1e-300');
});
