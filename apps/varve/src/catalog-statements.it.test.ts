import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { query, send, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import answers from './testdata/catalog-answers.json' with { type: 'json' };
import { startServer } from './testing/server.ts';

// Methodology: the real program, asked over HTTP. What influxd 1.6.7 answered to the same statements, one after the other, is in
// catalog-answers.json; grants are compared in any order, since InfluxDB has none.

interface Result {
  readonly error?: string;
  readonly series?: readonly { readonly columns: readonly string[]; readonly values?: readonly (readonly unknown[])[] }[];
}

async function resultsOf(url: string, { query: text, method = 'POST', ...parameters }: (typeof answers)[number]): Promise<unknown> {
  const answer = await send(`${url}/query?${new URLSearchParams({ ...(parameters as object), results: '', q: text }).toString()}`, { method });
  const { results } = JSON.parse(answer.text) as { readonly results: readonly (Result & { readonly statement_id: number })[] };
  return results.map(({ statement_id: _, ...result }) => sortedGrants(result));
}

function sortedGrants(result: Result): Result {
  if (result.series?.[0]?.columns[0] !== 'database' || result.series[0].values === undefined) return result;
  return { ...result, series: [{ ...result.series[0], values: result.series[0].values.toSorted() }] };
}

test('users, grants, continuous queries, subscriptions, databases and policies: as InfluxDB 1.6.7, and still there after a kill', async () => {
  const server = await startServer();
  for (const each of answers) expect(await resultsOf(server.url, each), `${each.method ?? 'POST'} ${each.query}`).toEqual(each.results);

  const shows = ['SHOW USERS', 'SHOW GRANTS FOR u', 'SHOW CONTINUOUS QUERIES', 'SHOW SUBSCRIPTIONS', 'SHOW RETENTION POLICIES ON d2'];
  const before = await Promise.all(shows.map((text) => query(server.url, text)));
  for (const [index, series] of before.entries()) expect(series.flatMap(({ values = [] }) => values), shows[index]).not.toEqual([]);
  await server.kill();
  await server.start();
  expect(await Promise.all(shows.map((text) => query(server.url, text)))).toEqual(before);
});

test('C37: a password is in no file, no log and no answer; the same user once more is no error after a restart either', async () => {
  const server = await startServer({ flags: ['--logging-level', 'debug', '--coordinator-log-queries-after', '1ms'] });
  const secret = 'geheim-4711';
  const said = [
    await send(`${server.url}/query?${new URLSearchParams({ q: `CREATE USER u WITH PASSWORD '${secret}'; SET PASSWORD FOR u = '${secret}'` }).toString()}`),
    await send(`${server.url}/query?${new URLSearchParams({ q: `SHOW USERS; SHOW DATABASES; CREATE USER u WITH PASSWORD '${secret}x'` }).toString()}`),
    await send(`${server.url}/metrics`),
  ];
  await query(server.url, 'CREATE DATABASE d');
  await query(server.url, `CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ANY 'http://u:address-${secret}@h:1'`);
  await expect(query(server.url, `CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ANY 'ftp://u:address-${secret}@h'`)).rejects.toThrow('invalid subscription URL');
  await send(`${server.url}/query?${new URLSearchParams({ async: 'true', q: `CREATE SUBSCRIPTION s ON d.autogen DESTINATIONS ANY 'ftp://u:address-${secret}@h'` }).toString()}`, { method: 'POST' });
  for (const { text } of said) expect(text).not.toContain(secret);
  expect(said[0]!.text).toContain("SET PASSWORD FOR u = [REDACTED]");

  const { stderr, stdout } = await server.stop();
  expect(stderr).toContain('Slow query');
  expect(stderr).toContain('An asynchronous query failed');
  expect(stdout + stderr).not.toContain(secret);
  const files = readdirSync(server.dataDir, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(server.dataDir, file)).isFile());
  const withPassword = files.filter((file) => readFileSync(join(server.dataDir, file)).toString('latin1').replaceAll(`address-${secret}`, '').includes(secret));
  expect(withPassword).toEqual([]);

  await server.start();
  await query(server.url, `CREATE USER u WITH PASSWORD '${secret}'`);
  await expect(query(server.url, `CREATE USER u WITH PASSWORD '${secret}' WITH ALL PRIVILEGES`)).rejects.toThrow('user already exists');
  await expect(query(server.url, `CREATE USER u WITH PASSWORD 'another'`)).rejects.toThrow('user already exists');
});

test('C35: the data of a dropped shard is gone, also after a restart, and what is written into its time is there', async () => {
  const server = await startServer();
  await query(server.url, 'CREATE DATABASE d');
  await write(server.url, 'd', 'm v=1 1500000000000000000\nm v=2 1510000000000000000');
  const rows = async (): Promise<unknown> => (await query(server.url, 'SELECT v FROM m', { db: 'd', epoch: 's' })).flatMap(({ values }) => values);
  const shards = async (): Promise<readonly (readonly unknown[])[]> => (await query(server.url, 'SHOW SHARDS'))[0]!.values;
  const [[first], [second]] = (await shards()) as [readonly [number], readonly [number]];
  await query(server.url, `DROP SHARD ${first}`);
  expect((await shards()).map(([id]) => id)).toEqual([second]);
  expect(await rows()).toEqual([[1_510_000_000, 2]]);
  await server.kill();
  await server.start();
  expect(await rows()).toEqual([[1_510_000_000, 2]]);
  await write(server.url, 'd', 'm v=3 1500000000000000000');
  expect(await rows()).toEqual([[1_500_000_000, 3], [1_510_000_000, 2]]);
  const [[made]] = (await shards()) as [readonly [number]];
  expect(made).toBeGreaterThan(second);
  await query(server.url, 'DROP SHARD 18446744073709551615; DROP SHARD 0');
  expect(await shards()).toHaveLength(2);
});
