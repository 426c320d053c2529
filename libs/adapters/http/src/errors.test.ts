import { DbError, ERROR_CODES, type ErrorCode } from '@varve/base';
import { expect, test } from 'vitest';
import { errorText } from './errors.ts';

const DROPPING = ['partial write', 'unable to parse', 'points beyond retention policy', 'retention policy not found', 'hinted handoff queue not empty'];

test('E1: no retryable failure has a text for which Telegraf drops the batch', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    for (const dropping of DROPPING) {
      const text = errorText(new DbError(code, `write failed: ${dropping}: more`));
      expect(DROPPING.some((each) => text.includes(each)), `${code}: ${text}`).toBe(!ERROR_CODES[code].retryable);
    }
  }
});

test('other texts stay as they are', () => {
  expect(errorText(new DbError('WRITE_TIMEOUT', 'timeout'))).toBe('timeout');
});
