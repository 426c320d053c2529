import { expect, test } from 'vitest';
import { parseUrlForm } from './url-form.ts';

test('a pair that is badly escaped is not there, as in influxd 1.6.7', () => {
  const check = (text: string, expected: readonly (readonly [string, string])[]): void => expect([...parseUrlForm(text)], text).toEqual(expected);

  check('', []);
  check('q=a+b%20c&db=%C3%A9', [['q', 'a b c'], ['db', 'é']]);
  check('q=%zz', []);
  check('q=%zz&db=d', [['db', 'd']]);
  check('q=x%', []);
  check('q=x%2', []);
  check('d%b=x&q=y', [['q', 'y']]);
  check('q=%zz&q=second', [['q', 'second']]);
  // Go 1.17 and later, with which 1.6.7 of Debian was built, drops the pair; InfluxDB's own builds of 1.8 do not.
  check('q=SHOW+DATABASES;SHOW+USERS', [['q', 'SHOW DATABASES;SHOW USERS']]);
});
