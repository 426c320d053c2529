import { AssertionError } from '@varve/base';
import { METRIC_CATALOGUE, metrics as names } from '@varve/telemetry';
import { expect, test } from 'vitest';
import { openMetrics, prometheusName } from './open-metrics.ts';

test('what was counted and measured is in the text, under the names of Prometheus', async () => {
  const metrics = openMetrics();
  metrics.add(names.framesRefused, 2, { code: 'EPOCH_STALE' });
  metrics.add(names.framesRefused, 1, { code: 'EPOCH_STALE' });
  metrics.set(names.writesUnderWaySize, 4_096);
  metrics.observe(names.flushDuration, 0.003);
  const text = await metrics.text();

  expect(text).toContain('varve_frames_refused_total{code="EPOCH_STALE"} 3\n');
  expect(text).toContain('varve_write_frames_underway_size_bytes 4096\n');
  expect(text).toContain('varve_flush_duration_seconds_bucket{le="0.005"} 1\n');
  expect(text).toContain('varve_flush_duration_seconds_sum 0.003\n');
});

test('a gauge whose subject is gone is in the text no more', async () => {
  const metrics = openMetrics();
  for (const peer of ['2', '3']) metrics.set(names.raftFollowerLag, 5, { peer });
  metrics.remove(names.raftFollowerLag, { peer: '2' });
  metrics.remove(names.raftFollowerLag, { peer: '9' });
  const text = await metrics.text();
  expect([text.includes('varve_raft_follower_lag{peer="2"}'), text.includes('varve_raft_follower_lag{peer="3"} 5\n')]).toEqual([false, true]);
});

test('the whole catalogue is registered, beside memory, CPU and event loop of the process', async () => {
  const text = await openMetrics().text();
  for (const definition of METRIC_CATALOGUE) expect(text).toContain(`# TYPE ${prometheusName(definition)} ${definition.kind}\n`);
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']) expect(text).toContain(`${name} `);
});

test('a name outside the catalogue, or of another kind, is a bug', () => {
  const metrics = openMetrics();
  expect(() => metrics.add('no.such', 1)).toThrow(AssertionError);
  expect(() => metrics.set(names.framesRefused, 1)).toThrow(AssertionError);
});
