import { query, send, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import { startServer } from './testing/server.ts';

// Methodology: the real program, points on ten days in shards of a day, some of them written late, and nested statements over HTTP.
const DAYS = Array.from({ length: 10 }, (_none, day) => day);
const DAY_S = 86_400;

test('SQ1: nested statements over HTTP, over many shards', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE d WITH SHARD DURATION 1d');
  for (const half of [1, 0]) {
    const lines = DAYS.filter((day) => day % 2 === half).flatMap((day) => ['a', 'b'].map((host, index) => `m,host=${host} f=${day + index * 10},n=${day}i,s="d${day}" ${day * DAY_S}`));
    expect((await write(url, 'd', lines.join('\n'), { precision: 's' })).status).toBe(204);
  }
  const rowsOf = async (text: string): Promise<unknown> => (await query(url, text, { db: 'd', epoch: 's' })).map(({ name, tags, columns, values }) => ({ name, tags, columns, values }));

  expect(await rowsOf('SELECT max(mean), host FROM (SELECT mean(f) FROM m WHERE time >= 0 AND time < 10d GROUP BY time(2d), host)')).toEqual([
    { name: 'm', tags: undefined, columns: ['time', 'max', 'host'], values: [[8 * DAY_S, 18.5, 'b']] },
  ]);
  expect(await rowsOf('SELECT sum(n) FROM (SELECT n FROM m GROUP BY *) WHERE time >= 0 AND time < 10d GROUP BY time(5d), host')).toEqual(
    ['a', 'b'].map((host) => ({ name: 'm', tags: { host }, columns: ['time', 'sum'], values: [[0, 10], [5 * DAY_S, 35]] })),
  );
  expect(await rowsOf("SELECT s, host FROM (SELECT s, f FROM m GROUP BY host) WHERE f > 11 AND host = 'b' ORDER BY time DESC LIMIT 2")).toEqual([
    { name: 'm', tags: undefined, columns: ['time', 's', 'host'], values: [[9 * DAY_S, 'd9', 'b'], [8 * DAY_S, 'd8', 'b']] },
  ]);
});

test('QC8: a thousand levels are refused, and the program answers on', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE d');
  const text = `${'SELECT f FROM ('.repeat(1000)}SELECT f FROM m${')'.repeat(1000)}`;
  const answer = await send(`${url}/query?db=d`, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ q: text }).toString() });
  expect(answer.status).toBe(400);
  expect(answer.text).toMatch(/error parsing query: .*nest/);
  expect((await send(`${url}/ping`)).status).toBe(204);
});
