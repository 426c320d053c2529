import { readFileSync } from 'node:fs';
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
