import { query, write } from '@varve/http-adapter/testing';
import { startOtlpReceiver, type ReceivedSpan } from '@varve/otel-adapter/testing';
import { attributes, spans } from '@varve/telemetry';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, startTestCluster } from './testing/test-cluster.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const HINTED_TRACE_ID = '1bf7651916cd43dd8448eb211c80319d';
const QUERY_TRACE_ID = '2cf7651916cd43dd8448eb211c80319e';
/** Tells the span that a request comes from, and that its trace is recorded. */
const traceParentOf = (traceId: string): string => `00-${traceId}-b7ad6b7169203331-01`;

clusterTest('T1: one trace from HTTP over the coordinator to three journals; and for an owner that was away, to the hint and its delivery', async () => {
  const collector = await startOtlpReceiver();
  onTestFinished(() => collector.close());
  const cluster = await startTestCluster({ otlpEndpoint: collector.endpoint });
  const [url] = cluster.urls as [string, string];
  await query(url, 'CREATE DATABASE traced WITH REPLICATION 3');
  const put = (line: string, traceId: string): ReturnType<typeof write> => write(url, 'traced', line, { consistency: 'quorum' }, { traceparent: traceParentOf(traceId) });
  const spansOf = (traceId: string, all: readonly ReceivedSpan[] = collector.spans): readonly ReceivedSpan[] => all.filter((span) => span.traceId === traceId);
  /** Every process sends its spans when it likes: a trace is there when all of it is. */
  const untilThere = (traceId: string, wanted: readonly string[]): Promise<unknown> =>
    collector.waitFor(wanted.join(', '), (all) => {
      const there = spansOf(traceId, all).filter(({ error }) => error === undefined).map(({ name }) => name);
      return wanted.every((name) => there.filter((each) => each === name).length >= wanted.filter((each) => each === name).length);
    });

  expect((await put('m v=1 1', TRACE_ID)).status).toBe(204);
  const { httpWrite, coordinatorWrite, coordinatorDeliver, shardWrite, hintStore, hintDeliver } = spans;
  await untilThere(TRACE_ID, [httpWrite, coordinatorWrite, spans.metaPropose, spans.metaPropose, coordinatorDeliver, shardWrite, shardWrite, shardWrite]);
  const written = spansOf(TRACE_ID);
  // Its field and its shard group are new to the catalog; the leader is any of the meta nodes.
  const metaPropose = 'coordinator1: http.write > coordinator1: coordinator.write > peer N: meta.propose';
  expect(pathsOf(written).map((path) => path.replace(/peer \d/, 'peer N')).toSorted()).toEqual([
    'coordinator1: http.write',
    'coordinator1: http.write > coordinator1: coordinator.write',
    'coordinator1: http.write > coordinator1: coordinator.write > coordinator1: coordinator.deliver',
    ...['data1', 'data2', 'data3'].map((node) => `coordinator1: http.write > coordinator1: coordinator.write > coordinator1: coordinator.deliver > ${node}: shard.write`),
    ...[metaPropose, metaPropose],
  ]);
  const commands = written.filter(({ name }) => name === spans.metaPropose).map((span) => span.attributes[attributes.command]);
  expect(commands.toSorted()).toEqual(['createShardGroups', 'registerFields']);

  const lineCount = cluster.lines.length;
  cluster.kill('data2');
  expect((await put('m v=2 2', HINTED_TRACE_ID)).status).toBe(204);
  await cluster.untilReady('data2', lineCount);
  await untilThere(HINTED_TRACE_ID, [httpWrite, coordinatorWrite, coordinatorDeliver, hintStore, hintDeliver, shardWrite, shardWrite, shardWrite]);
  const start = 'coordinator1: http.write > coordinator1: coordinator.write > coordinator1: coordinator.deliver';
  const paths = pathsOf(spansOf(HINTED_TRACE_ID));
  expect(paths).toContain(`${start} > repair1: hint.store`);
  expect(paths).toContain(`${start} > repair1: hint.store > repair1: hint.deliver > data2: shard.write`);

  await query(url, 'SELECT v FROM m', { db: 'traced' }, { traceparent: traceParentOf(QUERY_TRACE_ID) });
  await untilThere(QUERY_TRACE_ID, [spans.httpQuery, spans.coordinatorQuery, spans.shardQuery]);
  expect(pathsOf(spansOf(QUERY_TRACE_ID)).some((path) => /^coordinator1: http.query > coordinator1: coordinator.query > data\d: shard.query$/.test(path))).toBe(true);
});

/** Each span with all above it, `node: name > node: name`, sorted. */
function pathsOf(all: readonly ReceivedSpan[]): readonly string[] {
  const byId = new Map(all.map((span) => [span.spanId, span]));
  const pathOf = (span: ReceivedSpan): string => {
    const parent = byId.get(span.parentSpanId ?? '');
    const own = `${span.node}: ${span.name}`;
    return parent === undefined ? own : `${pathOf(parent)} > ${own}`;
  };
  return all.map(pathOf).toSorted();
}
