import { query, send, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import { startServer, type TestServer } from './testing/server.ts';

// Methodology: the real program with limits of a SELECT, on data that lies in several shards, in memory and on disk.

const ROW_COUNT = 4_000;
const HOST_COUNT = 20;
const DAY = 86_400;

async function loaded(flags: readonly string[]): Promise<TestServer> {
  const server = await startServer({ flags });
  await query(server.url, 'CREATE DATABASE d WITH SHARD DURATION 1d');
  const lines = Array.from({ length: ROW_COUNT }, (_row, index) => `m,h=${index % HOST_COUNT} f=${index} ${Math.floor((index * 3 * DAY) / ROW_COUNT)}`);
  expect((await write(server.url, 'd', lines.join('\n'), { precision: 's' })).status).toBe(204);
  return server;
}

async function errorOf({ url }: TestServer, text: string): Promise<string | undefined> {
  const { text: answer } = await send(`${url}/query?${new URLSearchParams({ db: 'd', q: text }).toString()}`, { method: 'POST' });
  const { results } = JSON.parse(answer) as { readonly results: readonly { readonly error?: string }[] };
  return results[0]!.error;
}

test('LM1: max-select-point ends what works on more points, and lets the rest pass', async () => {
  const server = await loaded(['--coordinator-max-select-point', '2000']);
  expect(await errorOf(server, 'SELECT count(f) FROM m')).toMatch(/^max-select-point limit exceeded: \(\d+\/2000\)$/);
  expect(await errorOf(server, 'SELECT f FROM m')).toMatch(/^max-select-point limit exceeded: \(\d+\/2000\)$/);
  expect(await errorOf(server, 'SELECT f INTO n FROM m')).toMatch(/^max-select-point limit exceeded/);
  expect(await errorOf(server, 'SELECT f FROM m LIMIT 10')).toBeUndefined();
  expect(await errorOf(server, `SELECT count(f) FROM m WHERE h = '1'`)).toBeUndefined();
  expect(await errorOf(server, 'SHOW SERIES')).toBeUndefined();
});

test('LM1: max-select-series counts the series of a shard group once', async () => {
  const server = await loaded(['--coordinator-max-select-series', String(HOST_COUNT)]);
  expect(await errorOf(server, 'SELECT count(f) FROM m')).toBeUndefined();
  expect((await write(server.url, 'd', `m,h=${HOST_COUNT} f=1 1`, { precision: 's' })).status).toBe(204);
  expect(await errorOf(server, 'SELECT count(f) FROM m')).toBe(`max-select-series limit exceeded: (${HOST_COUNT + 1}/${HOST_COUNT})`);
  expect(await errorOf(server, `SELECT count(f) FROM m WHERE time >= ${DAY}s`)).toBeUndefined(); // not in those groups
});

test('LM1: max-select-memory ends what keeps too much', async () => {
  const server = await loaded(['--coordinator-max-select-memory', '100kB']);
  expect(await errorOf(server, 'SELECT percentile(f, 90) FROM m')).toMatch(/^max-select-memory limit exceeded: \(\d+\/100000\)$/);
  expect(await errorOf(server, 'SELECT mean(f) FROM m GROUP BY h')).toBeUndefined();
});
