import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { clusterTest, startTestCluster } from './testing/test-cluster.ts';

// What InfluxDB 1.6.7 answered, replayed against a cluster: writes through the two coordinators in turn, every query through
// both. A query reads one replica, and the level of a write is one where it names none: so the writes ask for all, as the
// corpus reads what it has just written.
// The count is the embedded database's (apps/varve/src/testing/compat-ratchet.json) and may only rise.

const corpora = resolve(import.meta.dirname, '../../../../shared/compat');
const EMBEDDED_COUNT = 389;
/** One of the queries shows the N of the policy, which InfluxDB has as 1. */
const SHOWN_REPLICATION_COUNT = 1;
const RUN_TIMEOUT_MS = 200_000;

if (!existsSync(corpora)) test.skip('the compatibility corpora are not beside the repository (../shared/compat)', () => undefined);
else {
  clusterTest('a cluster with N = 1, 2 and 3 answers as one node does', async () => {
    const { urls } = await startTestCluster({ logLevel: 'warn' });
    const writingAll = await Promise.all(urls.map((url) => startWritingAll(url)));
    for (const replicaCount of [1, 2, 3]) {
      const output = await runPython(['run_corpus.py', writingAll.join(','), 'server_test.json', '--quick', '--all-nodes', '--rf', String(replicaCount)]);
      const { queries_run, queries_failed } = JSON.parse(output.trim().split('\n').at(-1)!) as { queries_run: number; queries_failed: number };
      console.info(`N=${replicaCount}: ${queries_run - queries_failed} queries as InfluxDB 1.6.7`);
      const expected = EMBEDDED_COUNT - (replicaCount === 1 ? 0 : SHOWN_REPLICATION_COUNT);
      expect(queries_run - queries_failed, output.slice(-6_000)).toBeGreaterThanOrEqual(expected);
      expect(output, 'a write that was refused').not.toMatch(/write: status 50\d/);
    }
  });
}

/** A proxy before a coordinator that adds `consistency=all` to every write. @returns its URL */
async function startWritingAll(url: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const { method, headers, url: path = '/' } = incoming;
    const target = new URL(path, url);
    if (target.pathname === '/write') target.searchParams.set('consistency', 'all');
    const forwarded = request(target, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', (error) => outgoing.destroy(error));
    incoming.pipe(forwarded);
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

/** The runner ends with 1 when one case differs, which is no failure here; without output it is. */
function runPython(command: readonly string[]): Promise<string> {
  return new Promise((settle, fail) => {
    execFile('python3', command, { cwd: corpora, timeout: RUN_TIMEOUT_MS, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      stdout === '' ? fail(new Error(stderr, { cause: error })) : settle(stdout));
  });
}
