import { query, send, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import { startServer } from './testing/server.ts';

// The real program: what is deleted is gone from every answer at once and after a restart, and what is written later shows.
const POINTS = 'cpu,host=a,region=x v=1 10\ncpu,host=b v=1 20\nmem,host=a v=1 10\ncpu,host=a v=9 700000000000000000';

test('DELETE, DROP SERIES and DROP MEASUREMENT survive a restart, and so does what is written behind them', async () => {
  const first = await startServer();
  const ask = (url: string, text: string): ReturnType<typeof query> => query(url, text, { db: 'd' });
  const keys = async (url: string): Promise<unknown> => (await ask(url, 'SHOW SERIES')).flatMap(({ values }) => values.flat());
  await query(first.url, 'CREATE DATABASE d');
  await write(first.url, 'd', POINTS);
  await ask(first.url, "DELETE FROM cpu WHERE host = 'a' AND time < 100");
  expect(await keys(first.url)).toEqual(['cpu,host=a', 'cpu,host=b', 'mem,host=a']);
  await ask(first.url, 'DROP MEASUREMENT mem');
  await write(first.url, 'd', 'mem,host=a v="text" 10');
  const { dataDir } = first;
  await first.stop();

  const { url } = await startServer({ dataDir });
  expect(await keys(url)).toEqual(['cpu,host=a', 'cpu,host=b', 'mem,host=a']);
  expect(await ask(url, 'SELECT v FROM cpu')).toMatchObject([{ values: [[20, 1], [700000000000000000, 9]] }]);
  expect(await ask(url, 'SELECT v FROM mem')).toMatchObject([{ values: [[10, 'text']] }]);
  await ask(url, 'DROP SERIES FROM cpu');
  expect(await ask(url, 'SHOW MEASUREMENTS')).toMatchObject([{ values: [['mem']] }]);
  await write(url, 'd', 'cpu,host=c v=2 30');
  expect(await keys(url)).toEqual(['cpu,host=c', 'mem,host=a']);
  const answer = await send(`${url}/api/v2/delete?bucket=d/autogen`, { method: 'POST', body: JSON.stringify({ start: '1970-01-01T00:00:00Z', stop: '1970-01-01T00:00:01Z', predicate: '_measurement="cpu" AND host="c"' }) });
  expect([answer.status, await keys(url)]).toEqual([204, ['mem,host=a']]);
});

test('as InfluxDB 1.6.7: fields of deleted points stay with their measurement, and go with DROP MEASUREMENT', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE d');
  const fieldsAfter = async (text: string): Promise<unknown> => {
    await write(url, 'd', 'z,h=a old=1 1\ny f=1 1');
    await query(url, text, { db: 'd' });
    expect((await query(url, 'SHOW FIELD KEYS', { db: 'd' })).map(({ name }) => name), text).toEqual(['y']);
    await write(url, 'd', 'z,h=a new=1 3');
    return (await query(url, 'SHOW FIELD KEYS FROM z', { db: 'd' })).flatMap(({ values }) => values.map(([field]) => field));
  };
  for (const text of ['DELETE FROM z', 'DROP SERIES FROM z', "DELETE FROM z WHERE h = 'a'", 'DELETE FROM z WHERE time < 10']) expect(await fieldsAfter(text), text).toEqual(['new', 'old']);
  expect(await fieldsAfter('DROP MEASUREMENT z')).toEqual(['new']);
});

test('queries that run while everything is deleted and written anew see whole points, and in the end what was written last', async () => {
  const { url } = await startServer();
  await query(url, 'CREATE DATABASE d');
  const lines = (round: number): string => Array.from({ length: 500 }, (_, row) => `m,host=h${row % 10} a=${round},b=${round} ${row}`).join('\n');
  await write(url, 'd', lines(0));
  let isOver = false;
  const reading = (async () => {
    let readCount = 0;
    while (!isOver) {
      const [series] = await query(url, 'SELECT a, b FROM m', { db: 'd' });
      for (const [, a, b] of series?.values ?? []) expect(a).toBe(b);
      readCount += 1;
    }
    return readCount;
  })();
  for (let round = 1; round <= 8; round += 1) {
    await query(url, round % 4 === 0 ? 'DROP MEASUREMENT m' : 'DELETE FROM m', { db: 'd' });
    await write(url, 'd', lines(round));
  }
  isOver = true;
  expect(await reading).toBeGreaterThan(0);
  expect(await query(url, 'SELECT count(a), min(a) FROM m', { db: 'd' })).toMatchObject([{ values: [[0, 500, 8]] }]);
});
