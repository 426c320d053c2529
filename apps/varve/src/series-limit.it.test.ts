import { query, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import { startServer, temporaryDirectory, type TestServer } from './testing/server.ts';

// Methodology: the real program with a limit of ten series. What a client is told is held against what can be read afterwards.
const LIMIT = 10;
const SECOND = 1_000_000_000;
const EXCEEDED = (limit: number, dropped: number): readonly [number, unknown] => [
  400,
  { error: `partial write: max-series-per-database limit exceeded: (${limit}) dropped=${dropped}` },
];
const WRITTEN = [204, undefined];

const limited = (dataDir: string, limit: number): Promise<TestServer> => startServer({ dataDir, flags: ['--data-max-series-per-database', String(limit)] });
const hosts = (first: number, end: number): readonly number[] => Array.from({ length: end - first }, (_, index) => first + index);
const lines = (numbers: readonly number[], second: number, value = 1): string => numbers.map((host) => `m,h=${host} v=${value} ${second * SECOND}`).join('\n');

async function answerOf(server: TestServer, body: string): Promise<readonly [number, unknown]> {
  const { status, text } = await write(server.url, 'd', body);
  return [status, text === '' ? undefined : JSON.parse(text)];
}

/** Hosts with their newest value, such as `3=1`. */
async function stored({ url }: TestServer): Promise<readonly string[]> {
  const series = await query(url, 'SELECT last(v) FROM m GROUP BY h', { db: 'd' });
  const found = series.map(({ tags, values }) => [Number(tags!['h']), Number(values[0]![1])] as const);
  return found.sort(([left], [right]) => left - right).map(([host, value]) => `${host}=${value}`);
}

const allOne = (numbers: readonly number[]): readonly string[] => numbers.map((host) => `${host}=1`);

test('SL2: a batch that reaches the limit in its middle is cut there, its known series are written, and it may be sent again', async () => {
  const server = await limited(temporaryDirectory(), LIMIT);
  await query(server.url, 'CREATE DATABASE d');
  expect(await answerOf(server, lines(hosts(0, 7), 1))).toEqual(WRITTEN);
  // Three of seven new series have room; known series before, between and after them pass.
  const middle = lines([0, 7, 8, 1, 9, 10, 2, 11, 12, 13, 3, 11], 2);
  expect(await answerOf(server, middle)).toEqual(EXCEEDED(LIMIT, 5));
  expect(await stored(server)).toEqual(allOne(hosts(0, LIMIT)));
  expect(await answerOf(server, middle), 'SL7').toEqual(EXCEEDED(LIMIT, 5));
  expect(await answerOf(server, lines(hosts(0, LIMIT), 2, 2)), 'SL7: known series').toEqual(WRITTEN);
  expect(await answerOf(server, lines([20, 21], 3))).toEqual(EXCEEDED(LIMIT, 2));
  expect(await stored(server)).toEqual(hosts(0, LIMIT).map((host) => `${host}=2`));
});

test('one batch into an empty database keeps as many series as there is room for, the first ones', async () => {
  const server = await limited(temporaryDirectory(), LIMIT);
  await query(server.url, 'CREATE DATABASE d');
  expect(await answerOf(server, lines(hosts(0, 25), 1))).toEqual(EXCEEDED(LIMIT, 15));
  expect(await stored(server)).toEqual(allOne(hosts(0, LIMIT)));
  expect(await query(server.url, 'SHOW SERIES', { db: 'd' })).toMatchObject([{ values: hosts(0, LIMIT).map((host) => [`m,h=${host}`]) }]);
});

test('SL5: of small batches one after the other, the one that reaches the limit is cut', async () => {
  const server = await limited(temporaryDirectory(), LIMIT);
  await query(server.url, 'CREATE DATABASE d');
  expect(await answerOf(server, lines(hosts(0, 6), 1))).toEqual(WRITTEN);
  expect(await answerOf(server, lines(hosts(6, 11), 1))).toEqual(EXCEEDED(LIMIT, 1));
  expect(await answerOf(server, lines(hosts(0, LIMIT), 1))).toEqual(WRITTEN);
});

test('the reason of the first kind stands with what all kinds dropped, and bad lines before it', async () => {
  const server = await limited(temporaryDirectory(), 1);
  await query(server.url, 'CREATE DATABASE d');
  expect(await answerOf(server, lines([0], 1))).toEqual(WRITTEN);
  expect(await answerOf(server, `bad\n${lines([0, 1], 2)}`)).toEqual([
    400,
    { error: "partial write: unable to parse 'bad': missing fields\nmax-series-per-database limit exceeded: (1) dropped=1" },
  ]);
  expect(await answerOf(server, `m,h=0 v="text" 1\n${lines([0, 1], 2)}`)).toEqual([
    400,
    { error: 'partial write: field type conflict: input field "v" on measurement "m" is type string, already exists as type float dropped=2' },
  ]);
});

test('a new shard group begins empty, and its first ten series need not be those of the group before', async () => {
  const server = await limited(temporaryDirectory(), LIMIT);
  const week = 7 * 86_400;
  await query(server.url, 'CREATE DATABASE d');
  const twoGroups = `${lines(hosts(0, 11), 1)}\n${lines(hosts(5, 17), week + 1)}`;
  expect(await answerOf(server, twoGroups)).toEqual(EXCEEDED(LIMIT, 3));
  expect(await stored(server)).toEqual(allOne(hosts(0, 15)));
});

test('a batch whose series do not fit into one question is cut at the limit too', async () => {
  const server = await limited(temporaryDirectory(), 4_000);
  await query(server.url, 'CREATE DATABASE d');
  const long = 'x'.repeat(100);
  const manyLines = hosts(0, 5_000).map((host) => `m,h=${host},t=${long} v=1 1`).join('\n');
  expect(await answerOf(server, manyLines)).toEqual(EXCEEDED(4_000, 1_000));
  expect(await answerOf(server, manyLines)).toEqual(EXCEEDED(4_000, 1_000));
  expect(await stored(server)).toEqual(allOne(hosts(0, 4_000)));
});

test('SL6: the limit holds over a restart and a kill, another one holds from the start on, and 0 is none', async () => {
  const dataDir = temporaryDirectory();
  let server = await limited(dataDir, LIMIT);
  await query(server.url, 'CREATE DATABASE d');
  expect(await answerOf(server, lines(hosts(0, 12), 1))).toEqual(EXCEEDED(LIMIT, 2));
  await server.stop();
  await server.start();
  expect(await answerOf(server, lines(hosts(8, 12), 1))).toEqual(EXCEEDED(LIMIT, 2));
  await server.kill();
  await server.start();
  expect(await answerOf(server, lines(hosts(9, 12), 1))).toEqual(EXCEEDED(LIMIT, 2));
  await server.stop();

  server = await limited(dataDir, 11);
  expect(await answerOf(server, lines(hosts(8, 12), 1))).toEqual(EXCEEDED(11, 1));
  await server.stop();
  server = await limited(dataDir, 5);
  expect(await answerOf(server, lines(hosts(8, 12), 1)), 'more than the limit are there').toEqual(EXCEEDED(5, 1));
  await server.stop();
  server = await limited(dataDir, 0);
  expect(await answerOf(server, lines(hosts(8, 100), 1))).toEqual(WRITTEN);
  expect(await stored(server)).toEqual(allOne(hosts(0, 100)));
});

test('writers at a time keep all that they were told to be written', async () => {
  const server = await limited(temporaryDirectory(), LIMIT);
  await query(server.url, 'CREATE DATABASE d');
  const told = await Promise.all(hosts(0, 30).map(async (host) => ({ host, status: (await answerOf(server, lines([host], 1)))[0] })));
  const written = told.filter(({ status }) => status === 204).map(({ host }) => host);
  expect(told.every(({ status }) => status === 204 || status === 400)).toBe(true);
  expect(written.length).toBeGreaterThanOrEqual(LIMIT);
  expect(await stored(server)).toEqual(allOne(written));
  expect(await answerOf(server, lines([100], 1)), 'SL5: the excess is over when the acks are there').toEqual(EXCEEDED(LIMIT, 1));
});
