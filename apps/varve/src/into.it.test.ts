import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { query, send, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import { startServer } from './testing/server.ts';

// Methodology: the real program; what it answers to SELECT … INTO, and what can be read afterwards, is held against what InfluxDB
// 1.6.7 said, statement by statement. Beyond that: killed once it has answered, and reading what it writes.

interface Case {
  readonly query: string;
  readonly method?: string;
  readonly db?: string;
  readonly rp?: string;
  readonly answer: unknown;
  /** What was asked next, and said. */
  readonly show?: string;
  readonly shown?: unknown;
}

interface Recorded {
  readonly setup: readonly string[];
  readonly lines: readonly string[];
  readonly cases: readonly Case[];
}

/** Numbers stay the texts they are: JavaScript's would hide the last digits. */
function exactJson(text: string): unknown {
  const numbersAsTexts = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => (typeof value === 'number' ? context?.source : value);
  return JSON.parse(text, numbersAsTexts as (key: string, value: unknown) => unknown);
}

const RECORDED = exactJson(readFileSync(join(import.meta.dirname, 'testdata/into-answers.json'), 'utf8')) as Recorded;

async function answerOf(url: string, text: string, { method = 'POST', db = 'd', rp }: Partial<Case> = {}): Promise<unknown> {
  const parameters = new URLSearchParams({ q: text, db, epoch: 'ns', ...(rp === undefined ? {} : { rp }) });
  const answer = method === 'GET' ? await send(`${url}/query?${parameters.toString()}`) : await send(`${url}/query`, { method, body: parameters });
  return exactJson(answer.text);
}

test('IN1: SELECT … INTO answers and writes as InfluxDB 1.6.7 does', async () => {
  const { url } = await startServer();
  for (const statement of RECORDED.setup) await answerOf(url, statement);
  expect((await write(url, 'd', RECORDED.lines.join('\n'))).status).toBe(204);
  for (const { answer, show, shown, ...asked } of RECORDED.cases) {
    expect(await answerOf(url, asked.query, asked), asked.query).toEqual(answer);
    if (show !== undefined) expect(await answerOf(url, show), `${asked.query}; ${show}`).toEqual(shown);
  }
});

/** Rows of two series, minutes apart: over several shards. */
const ROW_COUNT = 12_000;
const ROWS = Array.from({ length: ROW_COUNT }, (_row, index) => `m,host=${index % 2} f=${index},s="${'x'.repeat(index % 9)}" ${index * 60}`);

async function load(url: string): Promise<void> {
  await query(url, 'CREATE DATABASE d');
  expect((await write(url, 'd', ROWS.join('\n'), { precision: 's' })).status).toBe(204);
}

test('IN1: what was answered for is on disk, over many batches', async () => {
  const server = await startServer();
  await load(server.url);
  expect(await query(server.url, 'SELECT * INTO copy FROM m GROUP BY *', { db: 'd' })).toMatchObject([{ values: [[0, ROW_COUNT]] }]);
  await server.kill();
  await server.start();
  const of = async (measurement: string): Promise<unknown> => (await query(server.url, `SELECT * FROM ${measurement} GROUP BY *`, { db: 'd' })).map(({ tags, values }) => ({ tags, values }));
  expect(await of('copy')).toEqual(await of('m'));
});

test('IN1: a statement that writes into what it reads sees every row once', async () => {
  const { url } = await startServer();
  await load(url);
  expect(await query(url, 'SELECT f + 1 AS f INTO m FROM m GROUP BY *', { db: 'd' })).toMatchObject([{ values: [[0, ROW_COUNT]] }]);
  expect(await query(url, 'SELECT sum(f), count(f), count(s) FROM m', { db: 'd' })).toMatchObject([{ values: [[0, (ROW_COUNT * (ROW_COUNT + 1)) / 2, ROW_COUNT, ROW_COUNT]] }]);
  // Without GROUP BY the rows are of one new series beside those that are read.
  expect(await query(url, 'SELECT f INTO m FROM m', { db: 'd' })).toMatchObject([{ values: [[0, ROW_COUNT]] }]);
  expect(await query(url, 'SELECT count(f) FROM m', { db: 'd' })).toMatchObject([{ values: [[0, 2 * ROW_COUNT]] }]);
});

test('IN1: what cannot be written ends the statement, and what was written before stays', async () => {
  const { url } = await startServer();
  await load(url);
  await query(url, `SELECT s AS f INTO half FROM m WHERE time >= ${60 * (ROW_COUNT - 1)}s`, { db: 'd' });
  const error = 'partial write: field type conflict: input field "f" on measurement "half" is type float, already exists as type string dropped=';
  expect(await answerOf(url, 'SELECT f INTO half FROM m; SELECT count(f) FROM m')).toMatchObject({ results: [{ error: expect.stringContaining(error) as string }, { error: 'not executed' }] });
  expect(await query(url, 'SELECT count(f) FROM half', { db: 'd' })).toMatchObject([{ values: [[0, 1]] }]);
});

test('IN1: a name that cannot be a field is refused before anything is written', async () => {
  const { url } = await startServer();
  await load(url);
  const check = async (text: string, error: string): Promise<void> => expect(await answerOf(url, text), text).toMatchObject({ results: [{ error }] });

  await check('SELECT f AS time INTO x FROM m', 'a column named "time" cannot be written: give it another name with AS');
  await check('SELECT f INTO nosuch.x FROM nothing', 'retention policy not found: nosuch');
  expect(await query(url, 'SHOW MEASUREMENTS', { db: 'd' })).toMatchObject([{ values: [['m']] }]);
});
