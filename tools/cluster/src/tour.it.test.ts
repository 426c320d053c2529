import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { clusterTest, dataNodeIds, startTestCluster } from './testing/test-cluster.ts';

// Methodology: the README's own lines, as they stand but for ports and the pid, in a real shell with the real curl.
const README = readFileSync(resolve(import.meta.dirname, '../../../README.md'), 'utf8');

clusterTest('the cluster tour of the README answers what it says', async () => {
  const cluster = await startTestCluster();
  const [first, second] = cluster.urls as [string, string];
  const block = /^## A cluster$[\s\S]*?^```\n([\s\S]*?)^```$/m.exec(README)![1]!;
  const [, , anyNode] = await dataNodeIds(first);
  const lines = block.trim().split('\n').map((line) =>
    line
      .replace('http://127.0.0.1:8086', first)
      .replace('http://127.0.0.1:8087', second)
      .replace('PID-OF-DATA2', String(cluster.pids().get('data2')))
      .replace('node_id=3', `node_id=${anyNode}`));
  const run = (line: string): string => execFileSync('sh', ['-c', line.startsWith('curl') ? `${line} -s -w '%{http_code}'` : line], { encoding: 'utf8' });
  const outputs = lines.map(run);
  expect(outputs[0]).toBe('{"results":[{"statement_id":0}]}\n200');
  expect([outputs[1], outputs[3]]).toEqual(['204', '204']);
  expect(outputs[4]).toMatch(/"oslo",\s+3.5[\s\S]*"oslo",\s+4.5/);
  expect(outputs[5]).toContain('"name":"data_nodes","columns":["id","http_addr","tcp_addr"]');
  expect(outputs[6]).toContain('"statement_id":0');
});
