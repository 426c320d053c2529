import { DbError } from '@varve/base';
import { expect, test } from 'vitest';
import { openLog, type LogOptions } from './open-log.ts';

function written(options: Omit<LogOptions, 'write'>, say: (log: ReturnType<typeof openLog>) => void): string {
  let text = '';
  say(openLog({ ...options, write: (line) => (text += line) }));
  return text;
}

test('L1: an event is one JSON line with level, time, message and facts', () => {
  const text = written({ level: 'info', format: 'json' }, (log) => log.warn('Hint dropped', { nodeId: 3, ageMs: 5n, note: 'a\nb' }));
  expect(text).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(text)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
    message: 'Hint dropped',
    nodeId: 3,
    ageMs: 5,
    note: 'a\nb',
  });
});

test('L1: on a console an event is one line too, whatever its facts hold', () => {
  const text = written({ level: 'debug', format: 'console' }, (log) => log.debug('Flushed', { shard: 7, path: '/a b', note: 'x\ny', code: 'OK' }));
  expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} DEBUG Flushed {2}shard=7 {2}path="\/a b" {2}note="x\\ny" {2}code=OK\n$/);
});

test('events below the level are not written', () => {
  const text = written({ level: 'warn', format: 'json' }, (log) => {
    log.debug('one');
    log.info('two');
    log.warn('three');
    log.error('four');
  });
  expect(text.match(/"message":"(\w+)"/g)).toEqual(['"message":"three"', '"message":"four"']);
});

test('an error among the facts shows its code, facts, stack and cause', () => {
  const error = new DbError('STORAGE_FULL', 'no space', { path: 'x' }, { cause: new Error('ENOSPC') });
  const line = JSON.parse(written({ level: 'info', format: 'json' }, (log) => log.error('Flush failed', { error })));
  expect(line.error).toMatchObject({
    name: 'DbError',
    code: 'STORAGE_FULL',
    message: 'no space',
    facts: { path: 'x' },
    stack: expect.stringContaining('open-log.test.ts'),
    cause: { message: 'ENOSPC' },
  });
});
