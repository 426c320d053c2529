import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { query, send, write } from '@varve/http-adapter/testing';
import { startServer, type TestServer } from './testing/server.ts';

// Methodology: a query that would compute for many seconds is cut off by its time or by its client; the answer says so, and
// the program's processor time shows that the work for it has ended, too.

const SERIES_COUNT = 400;
const ROW_COUNT = 500;
/** A window per row and a percentile: slow on purpose. */
const SLOW = `SELECT percentile(v, 90), stddev(v), median(v) FROM m WHERE time >= 0 AND time < ${ROW_COUNT}s GROUP BY time(1ms), host`;

/** The same as a subquery, whose empty windows are rows for what is around it. */
const SLOW_NESTED = `SELECT mean(p), max(s) FROM (SELECT percentile(v, 90) AS p, stddev(v) AS s FROM m WHERE time >= 0 AND time < ${ROW_COUNT}s GROUP BY time(1ms), host fill(0))`;

async function loadedServer(flags: readonly string[] = []): Promise<TestServer> {
  const server = await startServer({ flags });
  await query(server.url, 'CREATE DATABASE d');
  for (let host = 0; host < SERIES_COUNT; host += 1) {
    const lines = Array.from({ length: ROW_COUNT }, (_, second) => `m,host=h${host} v=${second % 7}.5 ${second}`);
    expect((await write(server.url, 'd', lines.join('\n'))).status).toBe(204);
  }
  return server;
}

/** Processor time that the process has used, in clock ticks. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Resolves once the process is at rest for a while. It fails by the test's own timeout when that never comes. */
async function rested(pid: number): Promise<void> {
  for (;;) {
    const before = cpuTicks(pid);
    await new Promise((settle) => setTimeout(settle, 500));
    if (cpuTicks(pid) - before <= 10) return;
  }
}

test.runIf(process.platform === 'linux')('a query over its time ends with the reason, and its work ends', async () => {
  const { url, pid } = await loadedServer(['--coordinator-query-timeout', '300ms']);
  const answer = await send(`${url}/query?db=d&q=${encodeURIComponent(SLOW)}`);
  expect(answer.text).toContain('query-timeout limit exceeded');
  await rested(pid);
  const show = await send(`${url}/query?db=d&q=${encodeURIComponent('SHOW MEASUREMENTS')}`);
  expect(show.text).toContain('"m"');
});

test.runIf(process.platform === 'linux')('a client that leaves ends the work of its query', async () => {
  const { url, pid } = await loadedServer();
  for (const slow of [SLOW, SLOW_NESTED]) {
    const leaving = fetch(`${url}/query?db=d&q=${encodeURIComponent(slow)}`, { signal: AbortSignal.timeout(300) });
    await expect(leaving.then((answer) => answer.text())).rejects.toThrow();
    await rested(pid);
  }
  expect((await send(`${url}/ping`)).status).toBe(204);
});

/** Asks for an answer that is far longer than what sockets hold, and reads nothing of it. */
function askAndNeverRead(url: string, form: string, headers = ''): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(`GET /query?db=d&q=SELECT+*+FROM+wide${form} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  socket.pause();
  return socket;
}

async function shownQueries(url: string): Promise<readonly (readonly unknown[])[]> {
  return (await query(url, 'SHOW QUERIES'))[0]!.values.filter(([, text]) => text === 'SELECT * FROM wide');
}

test.runIf(process.platform === 'linux').each([
  { how: 'KILL QUERY', flags: [] },
  { how: 'their time', flags: ['--coordinator-query-timeout', '8s'] },
])('clients that never read are seen, hold up nobody, and $how ends their queries', async ({ how, flags }) => {
  const { url, pid } = await startServer({ flags });
  await query(url, 'CREATE DATABASE d');
  const text = 'a text that makes a long answer of few rows, '.repeat(20);
  for (let batch = 0; batch < 20; batch += 1) {
    const lines = Array.from({ length: 1_000 }, (_, row) => `wide,host=h${row % 10} v=${row}.5,s="${text}${batch * row}" ${batch * 1_000 + row}`);
    expect((await write(url, 'd', lines.join('\n'))).status).toBe(204);
  }
  const forms = [['', ''], ['&chunked=true', ''], ['', 'Accept: application/csv\r\n'], ['&pretty=true', '']] as const;
  const sockets = forms.map(([form, headers]) => askAndNeverRead(url, form, headers));
  await expect.poll(async () => (await shownQueries(url)).length, { timeout: 20_000 }).toBe(forms.length);
  expect((await send(`${url}/query?db=d&q=SELECT+count(v)+FROM+wide`)).text).toContain('20000');
  await rested(pid);
  if (how === 'KILL QUERY') for (const [id] of await shownQueries(url)) await send(`${url}/query?q=KILL+QUERY+${String(id)}`, { method: 'POST' });
  await expect.poll(async () => (await shownQueries(url)).length, { timeout: 30_000, interval: 250 }).toBe(0);
  await rested(pid);
  for (const socket of sockets) socket.destroy();
});
