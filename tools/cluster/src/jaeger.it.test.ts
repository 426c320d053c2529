import { query, write } from '@varve/http-adapter/testing';
import { expect, test } from 'vitest';
import { findJaeger } from './find-jaeger.ts';
import { JAEGER_URL } from './plan.ts';
import { clusterTest, eventually, startTestCluster } from './testing/test-cluster.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const FOUND_TIMEOUT_MS = 30_000;

interface JaegerTrace {
  readonly spans: readonly { readonly operationName: string; readonly processID: string }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

const jaeger = findJaeger();

if (jaeger === undefined) test.skip('Jaeger shows a write: there is no Jaeger on the PATH', () => undefined);
else {
  clusterTest('Jaeger shows a write with its three journals, through its API', async () => {
    const { urls } = await startTestCluster({ jaeger });
    await query(urls[0]!, 'CREATE DATABASE shown WITH REPLICATION 3');
    const { status } = await write(urls[0]!, 'shown', 'm v=1 1', { consistency: 'all' }, { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` });
    expect(status).toBe(204);
    let shown: readonly string[] = [];
    await eventually(FOUND_TIMEOUT_MS, 'the trace is in Jaeger', async () => {
      const answer = await fetch(`${JAEGER_URL}/api/traces/${TRACE_ID}`).catch(() => undefined);
      if (answer?.ok !== true) return false;
      const { data } = (await answer.json()) as { readonly data: readonly JaegerTrace[] };
      shown = data.flatMap(({ spans, processes }) => spans.map(({ operationName, processID }) => `${processes[processID]!.serviceName} ${operationName}`)).toSorted();
      return shown.length >= 6;
    });
    const journals = ['varve-data-shard shard.write', 'varve-data-shard shard.write', 'varve-data-shard shard.write'];
    expect(shown).toEqual(['varve-coordinator coordinator.deliver', 'varve-coordinator coordinator.write', 'varve-coordinator http.write', ...journals]);
  });
}
