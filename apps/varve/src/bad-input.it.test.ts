import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { query, send, write } from '@varve/http-adapter/testing';
import { startServer, type TestServer } from './testing/server.ts';

// Methodology: what a client may send wrong goes to the real program; the answer names what is wrong, what was right is
// applied, and the program goes on.
async function server(): Promise<TestServer> {
  const started = await startServer();
  await query(started.url, 'CREATE DATABASE d');
  return started;
}

const DAY_S = 86_400;

test('bad lines are named with their reason, and the good ones are applied', async () => {
  const { url } = await server();
  const answer = await write(url, 'd', 'm v=1 1\nm,host= v=2 2\nbad\nm v=3 3');
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toEqual({
    error: "partial write: unable to parse 'm,host= v=2 2': missing tag value\nunable to parse 'bad': missing fields dropped=0",
  });
  expect(await query(url, 'SELECT v FROM m', { db: 'd' })).toMatchObject([{ values: [[1, 1], [3, 3]] }]);
  const hopeless = await write(url, 'd', 'bad');
  expect([hopeless.status, JSON.parse(hopeless.text)]).toEqual([400, { error: "unable to parse 'bad': missing fields" }]);
});

test('a field of another type is dropped and said, the other points are applied', async () => {
  const { url } = await server();
  await write(url, 'd', 'm v=1 1');
  const answer = await write(url, 'd', 'm v="text" 2\nm v=3 3');
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    400,
    { error: 'partial write: field type conflict: input field "v" on measurement "m" is type string, already exists as type float dropped=1' },
  ]);
  expect(await query(url, 'SELECT v FROM m', { db: 'd' })).toMatchObject([{ values: [[1, 1], [3, 3]] }]);
});

test('Q6: a node that is not there is refused, and one that is answers', async () => {
  const { url } = await server();
  await write(url, 'd', 'm v=1 1');
  const unknown = await send(`${url}/query?db=d&node_id=99&q=SELECT+v+FROM+m`);
  expect([unknown.status, JSON.parse(unknown.text)]).toEqual([400, { error: 'unknown node_id 99: no data node has it; SHOW SERVERS lists those there are' }]);
  expect(await query(url, 'SELECT v FROM m', { db: 'd', node_id: '1' })).toMatchObject([{ values: [[1, 1]] }]);
});

test('unknown databases, policies, precisions and levels are refused', async () => {
  const { url } = await server();
  const check = async (answer: Promise<{ status: number; text: string }>, status: number, text: RegExp): Promise<void> => {
    expect((await answer).status).toBe(status);
    expect((await answer).text).toMatch(text);
  };
  await check(write(url, 'nodb', 'm v=1'), 404, /database not found: \\"nodb\\"/);
  await check(write(url, 'd', 'm v=1', { rp: 'norp' }), 500, /retention policy not found: norp/);
  await check(write(url, 'd', 'm v=1', { precision: 'fortnight' }), 400, /fortnight/);
  await check(write(url, 'd', 'm v=1', { consistency: 'most' }), 400, /invalid consistency level/);
  await check(send(`${url}/query?db=d&q=selec`), 400, /error parsing query: found selec.*at line 1, char 1/);
  await check(send(`${url}/query?db=d`), 400, /missing required parameter \\"q\\"/);
});

test('a body over the limit, broken gzip and a gzip bomb are refused, with memory bounded', async () => {
  const { url } = await startServer({ flags: ['--http-max-body-size', '100000'] });
  await query(url, 'CREATE DATABASE d');
  const gzipped = (body: Buffer): Promise<{ status: number }> =>
    send(`${url}/write?db=d`, { method: 'POST', body: new Uint8Array(body), headers: { 'Content-Encoding': 'gzip' } });
  expect((await write(url, 'd', `m v="${'x'.repeat(200_000)}"`)).status).toBe(413);
  expect((await gzipped(Buffer.from('not gzip at all'))).status).toBe(400);
  expect((await gzipped(gzipSync('m v=1 1\n').subarray(0, 15))).status).toBe(400);
  expect((await gzipped(gzipSync(Buffer.alloc(50_000_000)))).status).toBe(400);
  expect((await gzipped(gzipSync('m v=1 1\n'))).status).toBe(204);
});

test('a gzip bomb does not take memory', async () => {
  const { url, pid } = await server();
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(1_000_000_000)));
  const rssKb = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  const beforeKb = rssKb();
  for (let repetition = 0; repetition < 3; repetition += 1) {
    expect((await send(`${url}/write?db=d`, { method: 'POST', body: bomb, headers: { 'Content-Encoding': 'gzip' } })).status).toBe(400);
  }
  expect(rssKb() - beforeKb).toBeLessThan(200_000);
});

test('times at the ends of int64 are kept or refused, never bent', async () => {
  const { url } = await server();
  for (const time of ['-9223372036854775806', '9223372036854775806', '0', '-1']) {
    expect((await write(url, 'd', `m v=1 ${time}`)).status, time).toBe(204);
  }
  for (const time of ['-9223372036854775808', '9223372036854775807', '9223372036854775808', '1e18']) {
    expect((await write(url, 'd', `m v=1 ${time}`)).status, time).toBe(400);
  }
  const answer = await send(`${url}/query?db=d&epoch=ns&q=SELECT+v+FROM+m`);
  expect(answer.text).toContain('[[-9223372036854775806,1],[-1,1],[0,1],[9223372036854775806,1]]');
});

test('names that mean something elsewhere are names like any other', async () => {
  const { url } = await server();
  for (const name of ['__proto__', 'constructor', '../x', 'toString', 'a b', 'é/ü']) {
    const escaped = name.replaceAll(' ', '\\ ');
    expect((await write(url, 'd', `${escaped},${escaped}=${escaped} ${escaped}=1 1`)).status, name).toBe(204);
    expect(await query(url, `SELECT "${name}" FROM "${name}" GROUP BY *`, { db: 'd' }), name).toMatchObject([{ name, values: [[1, 1]] }]);
    // A database is a name in paths of backups and tools: InfluxDB lets none with a slash be made.
    if (!name.includes('/')) await query(url, `CREATE DATABASE "${name}"`);
  }
  expect((await write(url, 'd', `${'n'.repeat(70_000)} v=1 1`)).status).toBe(400);
  expect((await write(url, 'd', `m v${'n'.repeat(60_000)}=1 1`)).status).toBe(204);
  expect((await write(url, 'd', ',a=b v=1 1')).status).toBe(400);
});

test('a batch over more than 100 new shard groups is refused before anything is applied', async () => {
  const { url } = await server();
  const lines = Array.from({ length: 101 }, (_, week) => `m v=1 ${week * 7 * DAY_S}`).join('\n');
  const answer = await write(url, 'd', lines, { precision: 's' });
  expect(answer.status).toBe(400);
  expect(answer.text).toMatch(/more than 100 new shard groups/);
  expect(await query(url, 'SHOW SERIES', { db: 'd' })).toEqual([]);
  expect((await write(url, 'd', lines.split('\n').slice(0, 100).join('\n'), { precision: 's' })).status).toBe(204);
  expect(await query(url, 'SELECT count(v) FROM m', { db: 'd' })).toMatchObject([{ values: [[0, 100]] }]);
});

test('a query that is far too long, or binds far too much, is refused at once, and the next one is answered', async () => {
  const { url } = await server();
  const ask = (q: string, params = ''): ReturnType<typeof send> => send(`${url}/query?db=d`, { method: 'POST', body: new URLSearchParams({ q, params }) });
  const check = async (answer: ReturnType<typeof send>, status: number, text: RegExp): Promise<void> => expect(await answer).toMatchObject({ status, text: expect.stringMatching(text) as string });
  await check(ask('SELECT v FROM m;'.repeat(600_000)), 413, /Request Entity Too Large/);
  await check(ask('SELECT v FROM m;'.repeat(100_000)), 413, /query of 1600000 characters: 262144 are taken at most/);
  await check(ask(`SELECT v FROM m WHERE ${Array.from({ length: 40_000 }, (_, at) => `h='${at}'`).join(' OR ')}`), 413, /query of \d+ characters/);
  await check(ask('SELECT v FROM m WHERE v > $v', `{"v":${'['.repeat(1_000_000)}`), 413, /params of 1000005 characters/);
  await check(ask('SELECT v FROM m WHERE v > $v', `{"v":${'['.repeat(200_000)}`), 400, /exceeded max depth of 100/);
  await check(send(`${url}/query?q=${'x'.repeat(300_000)}`).catch(() => ({ status: 431, headers: new Headers(), text: '' })), 431, /^/);
  await check(send(`${url}/ping`, { headers: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`x-${at}`, 'x'.repeat(4_000)])) }).catch(() => ({ status: 431, headers: new Headers(), text: '' })), 431, /^/);
  await check(ask('SHOW MEASUREMENTS; SHOW DATABASES'), 200, /"d"/);
});
