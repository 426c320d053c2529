import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { query, write } from '@varve/http-adapter/testing';
import { expect } from 'vitest';
import { clusterTest, startTestCluster } from './testing/test-cluster.ts';

const ROW_COUNT = 120_000;
const ROWS_PER_WRITE = 10_000;
/** What is read before a data node is killed: far less than all of it, and more than nothing. */
const READ_BEFORE_BYTES = 300_000;

/** The lines of a chunked answer, read slowly; `onBegun` happens when a part of it is there. */
async function readSlowly(url: string, onBegun: () => void): Promise<readonly { readonly results: readonly { readonly series?: readonly { readonly values: readonly unknown[][] }[]; readonly error?: string }[] }[]> {
  const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => get(url, { agent: false }, resolve).on('error', reject));
  let text = '';
  let hasBegun = false;
  for await (const part of response) {
    text += part.toString();
    if (!hasBegun && text.length >= READ_BEFORE_BYTES) {
      hasBegun = true;
      await sleep(200); // Nothing is taken meanwhile: what owners may send ahead has been sent.
      onBegun();
    }
  }
  expect(hasBegun).toBe(true);
  return text.trim().split('\n').map((line) => JSON.parse(line) as never);
}

clusterTest('Q4: a data node that is killed while its answer is read is followed by another owner; every row comes once', async () => {
  const cluster = await startTestCluster();
  const [url] = cluster.urls as [string, string];
  await query(url, 'CREATE DATABASE d WITH REPLICATION 2');
  for (let start = 0; start < ROW_COUNT; start += ROWS_PER_WRITE) {
    const lines = Array.from({ length: ROWS_PER_WRITE }, (_, at) => `m,t=${(start + at) % 40} i=${start + at}i,s="${String(start + at).padStart(60, '.')}" ${start + at}`);
    expect((await write(url, 'd', lines.join('\n'), { consistency: 'all' })).status).toBe(204);
  }
  for (const [statement, victim] of [['SELECT i, s FROM m', 'data1'], ['SELECT i, s FROM m GROUP BY t ORDER BY time DESC', 'data2']] as const) {
    const fromLine = cluster.lines.length;
    const chunks = await readSlowly(`${url}/query?db=d&epoch=ns&chunked=true&q=${encodeURIComponent(statement)}`, () => cluster.kill(victim));
    const results = chunks.flatMap((chunk) => chunk.results);
    expect(results.flatMap(({ error }) => error ?? [])).toEqual([]);
    const numbers = results.flatMap(({ series = [] }) => series.flatMap(({ values }) => values.map(([, i]) => i as number)));
    expect(numbers.length).toBe(ROW_COUNT);
    expect(new Set(numbers).size).toBe(ROW_COUNT);
    await cluster.untilReady(victim, fromLine);
  }
});
