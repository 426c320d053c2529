import { metrics as names } from '@varve/telemetry';
import { expect, test } from 'vitest';
import { openMetrics } from './open-metrics.ts';
import { openSelfReport } from './open-self-report.ts';

test('figures are what was counted, label set by label set; of a histogram sum and count', async () => {
  const metrics = openMetrics();
  const report = openSelfReport(metrics, { version: 'v', httpAddress: 'here:1' });
  expect(await report.figures(names.framesRefused)).toEqual([]);
  metrics.add(names.framesRefused, 2, { code: 'A' });
  metrics.add(names.framesRefused, 1, { code: 'B' });
  for (const duration of [0.5, 3]) metrics.observe(names.httpRequestDuration, duration, { route: '/query' });
  expect(await report.figures(names.framesRefused)).toEqual([{ labels: { code: 'A' }, value: 2, count: undefined }, { labels: { code: 'B' }, value: 1, count: undefined }]);
  expect(await report.figures(names.httpRequestDuration)).toEqual([{ labels: { route: '/query' }, value: 3.5, count: 2 }]);
});

test('a process knows who and how large it is', () => {
  const report = openSelfReport(openMetrics(), { version: '9', httpAddress: 'here:1' });
  expect(report.process).toMatchObject({ version: '9', httpAddress: 'here:1', pid: process.pid, runtimeVersion: process.version });
  const { heapUsedBytes, heapTotalBytes, residentBytes } = report.memory();
  expect(Math.min(heapUsedBytes, heapTotalBytes, residentBytes)).toBeGreaterThan(0);
});
