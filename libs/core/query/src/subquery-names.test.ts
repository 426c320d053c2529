import { expect, test } from 'vitest';
import { answerOf } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

const POINTS = parseTestLines('m,host=a f=1 1\nm,host=b f=3 2');

test.each(['mean(nope)', 'max(nope)', 'count(nope)', 'median(z)', 'z + 1', 'z', 'derivative(nope)'])('a subquery has no column of a name that nobody has: %s', async (asked) => {
  expect(await answerOf(`SELECT ${asked} FROM (SELECT f, nope, nope AS z FROM m)`, POINTS)).toEqual({ series: undefined });
});

test('it has those of tags and fields that stand beside it', async () => {
  const answer = await answerOf('SELECT max(f), host, nope FROM (SELECT f, host, nope FROM m)', POINTS);
  expect(answer).toMatchObject({ series: [{ columns: ['time', 'max', 'host', 'nope'], values: [[2n, 3, 'b', null]] }] });
  expect(await answerOf('SELECT count(h) FROM (SELECT f, host AS h FROM m)', POINTS)).toMatchObject({ series: [{ values: [[0n, 2]] }] });
});

test('tags in top() are columns of a subquery, too', async () => {
  expect(await answerOf('SELECT min(top), host FROM (SELECT top(f, host, 2) FROM m)', POINTS)).toMatchObject({ series: [{ values: [[1n, 1, 'a']] }] });
  expect(await answerOf('SELECT count(host) FROM (SELECT bottom(f, host, 2) FROM m)', POINTS)).toMatchObject({ series: [{ values: [[0n, 2]] }] });
  expect(await answerOf('SELECT count(nope) FROM (SELECT bottom(f, nope, 2) FROM m)', POINTS)).toEqual({ series: undefined });
});

test('SO1: shards are asked again for a measurement as often as for subqueries', async () => {
  const times = (count: number): string => new Array<string>(count).fill('m').join();
  expect(await answerOf(`SELECT count(f) FROM ${times(101)}`, POINTS)).toMatchObject({ series: [{ values: [[0n, 202]] }] });
  const error = 'more than 100 subqueries and measurements that stand twice in one statement';
  expect(await answerOf(`SELECT count(f) FROM ${times(102)}`, POINTS)).toEqual({ error });
  expect(await answerOf(`SELECT count(f) FROM (SELECT f FROM ${times(51)}), (SELECT f FROM ${times(50)})`, POINTS)).toEqual({ error });
});
