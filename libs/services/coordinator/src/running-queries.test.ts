import type { Clock } from '@varve/ports';
import { parseQuery, type Statement } from '@varve/query';
import { expect, test } from 'vitest';
import { RunningQueries } from './running-queries.ts';

let nowMs = 0;
const clock = { monotonicMs: () => nowMs } as Clock;

function parsed(text: string): readonly Statement[] {
  const result = parseQuery(text);
  return result.kind === 'statements' ? result.statements : expect.unreachable(result.message);
}

test('KQ1 KQ2 a query is listed from its begin to its end, without passwords', () => {
  const queries = new RunningQueries(clock);
  const first = queries.begin(parsed("SELECT v FROM m; SET PASSWORD FOR u = 'secret'; CREATE SUBSCRIPTION s ON d.r DESTINATIONS ALL 'https://u:secret@h:1'"), 'd');
  nowMs = 1_500;
  queries.follow(3);
  const second = queries.begin(parsed('SHOW QUERIES'), undefined);
  expect(queries.list()).toEqual([
    { id: 1, text: "SELECT v FROM m;\nSET PASSWORD FOR u = [REDACTED];\nCREATE SUBSCRIPTION s ON d.r DESTINATIONS ALL 'https://[redacted]@h:1'", database: 'd', elapsedMs: 1_500, status: 'running' },
    { id: 3_000_000_002, text: 'SHOW QUERIES', database: '', elapsedMs: 0, status: 'running' },
  ]);
  first.done();
  second.done();
  expect([queries.size, queries.list()]).toEqual([0, []]);
});

test('KQ3 a killed query is told so, and no other one', () => {
  const queries = new RunningQueries(clock);
  const [killed, other] = [queries.begin(parsed('SHOW DATABASES'), 'd'), queries.begin(parsed('SHOW DATABASES'), 'd')];
  expect([queries.kill(1), queries.kill(7)]).toEqual([true, false]);
  expect([killed.end.reason, other.end.reason, killed.end.signal.aborted]).toEqual(['killed', undefined, true]);
  expect(queries.list().map(({ status }) => status)).toEqual(['killed', 'running']);
});

test('KQ2 a long text is cut', () => {
  const queries = new RunningQueries(clock);
  queries.begin(parsed(Array.from({ length: 5_000 }, (_, index) => `DROP DATABASE d${index}`).join(';')), undefined);
  expect(queries.list()[0]!.text).toHaveLength(2_001);
});

test('KQ4 what asks which queries run, or ends them, takes up no room', () => {
  const queries = new RunningQueries(clock);
  const begun = ['SHOW DATABASES', 'SHOW QUERIES; KILL QUERY 1', 'SHOW QUERIES; SHOW DATABASES'].map((text) => queries.begin(parsed(text), 'd'));
  expect([begun.map(({ earlierCount }) => earlierCount), queries.roomCount, queries.size]).toEqual([[0, undefined, 1], 2, 3]);
  begun[0]!.done();
  begun[0]!.done();
  begun[1]!.done();
  expect([queries.roomCount, queries.size]).toEqual([1, 1]);
});
