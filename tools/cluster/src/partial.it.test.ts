import { query, send, write } from '@varve/http-adapter/testing';
import { expect } from 'vitest';
import { clusterTest, eventually, startTestCluster } from './testing/test-cluster.ts';

const NOTICE_TIMEOUT_MS = 20_000;
const SERIES_COUNT = 30;

interface PartialAnswer {
  readonly results: readonly { readonly series?: readonly { readonly values: readonly unknown[] }[]; readonly messages?: readonly { readonly text: string }[]; readonly partial?: boolean; readonly error?: string }[];
}

clusterTest('Q9, E9: with an owner down an answer is partial and says so in every format', async () => {
  const cluster = await startTestCluster({}, { restarts: false });
  const [url] = cluster.urls as [string, string];
  await query(url, 'CREATE DATABASE d WITH REPLICATION 1');
  const lines = Array.from({ length: SERIES_COUNT }, (_, at) => `m,t=${at} v=1 1`);
  expect((await write(url, 'd', lines.join('\n'))).status).toBe(204);
  const ask = (accept: string, parameters = ''): ReturnType<typeof send> => send(`${url}/query?db=d&epoch=ns&q=SELECT+v+FROM+m;SHOW+DATABASES${parameters}`, { headers: { accept } });
  expect((JSON.parse((await ask('application/json')).text) as PartialAnswer).results[0]!.series![0]!.values).toHaveLength(SERIES_COUNT);

  cluster.kill('data1');
  await eventually(NOTICE_TIMEOUT_MS, 'the answer is partial', async () => (await ask('application/json')).text.includes('"partial":true'));
  const [first, second] = (JSON.parse((await ask('application/json')).text) as PartialAnswer).results;
  expect(first!.series![0]!.values.length).toBeLessThan(SERIES_COUNT);
  expect(first).toMatchObject({
    messages: [{ text: expect.stringMatching(/^no owner of shard \d+ answered \(asked \d+\)/) as string }],
    error: expect.stringMatching(/^partial answer: one shard is missing: no owner of shard \d+ answered/) as string,
  });
  expect(second, 'the statement behind it').toMatchObject({ series: [{ values: [['d']] }] });

  const chunked = (await ask('application/json', '&chunked=true')).text.trim().split('\n').map((line) => (JSON.parse(line) as PartialAnswer).results[0]!);
  expect(chunked.map(({ partial, error }) => [partial, error !== undefined])).toEqual([[undefined, false], [true, true], [undefined, false]]);
  expect((await ask('application/x-msgpack')).text).toMatch(/partial answer: one shard is missing/);
  expect(await ask('text/csv')).toMatchObject({ status: 503, text: expect.stringMatching(/^error\n"?partial answer: one shard is missing/) as string });
  await expect(query(url, 'SELECT v FROM m', { db: 'd' }), 'a client that looks at errors alone').rejects.toThrow('partial answer');
});
