import { expect, test } from 'vitest';
import { v2ErrorJson } from './v2-errors.ts';

test("the body of an error names its status in InfluxDB 2's words", () => {
  const check = (httpStatus: number, code: string): void => expect(JSON.parse(v2ErrorJson(httpStatus, 'why "so"'))).toEqual({ code, message: 'why "so"' });

  check(400, 'invalid');
  check(404, 'not found');
  check(413, 'request too large');
  check(500, 'internal error');
  check(503, 'unavailable');
});
