import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { LoadThreads, rateOf } from './load.ts';

test('rates of threads add up, each by its own clock; failures do not count as answers', () => {
  const figures = [
    { latenciesMs: [1, 2, 3, 4], elapsedMs: 1_000, failureCount: 0, failure: undefined },
    { latenciesMs: [50], elapsedMs: 500, failureCount: 2, failure: 'status 500: no' },
  ];
  expect(rateOf(figures)).toEqual({ perSecond: 6, p50Ms: 3, p99Ms: 50, failureCount: 2, failure: 'status 500: no' });
});

test('a group asks on all its connections at once, path by path; what says an error is a failure', async () => {
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(request.url!);
    answer.end(request.url === '/bad' ? '{"results":[{"error":"no"}]}' : '{"results":[]}');
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const threads = new LoadThreads(1);
  try {
    const { port } = server.address() as AddressInfo;
    const rate = await threads.run([{ port, acceptsGzip: false, groups: [[['/a'], ['/bad']]], durationMs: 0 }]);
    expect(asked.toSorted()).toEqual(['/a', '/bad']);
    expect(rate.failureCount).toBe(1);
    expect(rate.failure).toContain('"error":"no"');
    expect(rate.perSecond).toBeGreaterThan(0);
  } finally {
    await threads.close();
    server.closeAllConnections();
    server.close();
  }
});
