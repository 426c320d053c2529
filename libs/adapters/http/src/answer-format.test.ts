import { expect, test } from 'vitest';
import { formatOf } from './answer-format.ts';

test('E7: the format is the known one that the client wants most, as in InfluxDB 1.8', () => {
  const check = (accept: string | undefined, expected: string): void => expect(formatOf(accept), accept).toBe(expected);

  check(undefined, 'json');
  check('', 'json');
  check('*/*', 'json');
  check('application/xml', 'json');
  check('application/json', 'json');
  check('application/csv', 'csv');
  check('text/csv', 'csv');
  check('Text/CSV; charset=utf-8', 'csv');
  check('text/*', 'csv');
  check('application/x-msgpack', 'msgpack');
  check('application/x-msgpack;q=0.5', 'msgpack');
  check('text/html, application/csv;q=0.9, */*', 'json');
  check('text/html, application/csv;q=0.9, */*;q=0.1', 'csv');
  check('application/json;q=0.5, application/x-msgpack;q=0.9', 'msgpack');
  check('text/csv;q=0', 'json');
  check('text/csv;q=often', 'json');
  check('constructor, __proto__', 'json');
});
