import { spawnSync } from 'node:child_process';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { DbError } from '@varve/base';
import { SILENT_LOG, SILENT_TRACER, traceIdOf, type Log, type LogFacts } from '@varve/ports';
import { afterEach, expect, test } from 'vitest';
import { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.ts';
import { startOtlpReceiver, type OtlpReceiver } from './testing/otlp-receiver.ts';

// Real sockets. Two tracers stand for two processes: they share nothing but the text of a traceparent.

/** A test that would wait for ever fails after it. */
const TIMEOUT_MS = 60_000;

let closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.map((close) => close()));
  closers = [];
});

async function receiver(): Promise<OtlpReceiver> {
  const opened = await startOtlpReceiver();
  closers.push(() => opened.close());
  return opened;
}

function telemetry(otlpEndpoint: string, parts: Partial<TelemetryOptions> = {}): Promise<Telemetry> {
  return startTelemetry({ serviceName: 'varve-coordinator', nodeName: 'c1', sampleRatio: 1, log: SILENT_LOG, otlpEndpoint, ...parts });
}

/** Collects the lines about lost spans. */
function keptLosses(): { readonly log: Log; readonly reasons: Set<unknown>; readonly lostCount: () => number } {
  const reasons = new Set<unknown>();
  let count = 0;
  const warn = (_: string, { reason, spanCount }: LogFacts = {}): void => {
    reasons.add(reason);
    count += Number(spanCount);
  };
  return { log: { ...SILENT_LOG, warn }, reasons, lostCount: () => count };
}

test('O2: a trace goes on in another process, and from there in a third', async () => {
  const collector = await receiver();
  const coordinator = await telemetry(collector.endpoint);
  const owner = await telemetry(collector.endpoint, { serviceName: 'varve-data-shard', nodeName: 'd2' });

  const request = coordinator.tracer.start('http.write', { kind: 'server', attributes: { 'db.namespace': 'weather', 'varve.points': 5, 'varve.ratio': 0.5, 'varve.gone': false } });
  const write = owner.tracer.startChild('shard.write', request.traceParent, { kind: 'consumer' });
  owner.tracer.startChild('hint.deliver', write.traceParent, { kind: 'producer' }).end(new DbError('STORAGE_FULL', 'the disk is full'));
  write.end();
  request.end();
  await Promise.all([coordinator.shutdown(), owner.shutdown()]);

  const byName = Object.fromEntries(collector.spans.map((span) => [span.name, span]));
  const traceId = traceIdOf(request.traceParent);
  expect(collector.spans).toHaveLength(3);
  expect(byName).toMatchObject({
    'http.write': {
      ...{ kind: 'server', traceId, service: 'varve-coordinator', node: 'c1', error: undefined },
      attributes: { 'db.namespace': 'weather', 'varve.points': 5, 'varve.ratio': 0.5, 'varve.gone': false },
    },
    'shard.write': { kind: 'consumer', traceId, service: 'varve-data-shard', node: 'd2', parentSpanId: byName['http.write']?.spanId },
    'hint.deliver': { kind: 'producer', traceId, parentSpanId: byName['shard.write']?.spanId, error: 'the disk is full', attributes: { 'error.type': 'STORAGE_FULL' } },
  });
  expect(byName['http.write']?.parentSpanId).toBeUndefined();
});

test('spans come by themselves, without a shutdown', async () => {
  const collector = await receiver();
  const { tracer, shutdown } = await telemetry(`${collector.endpoint}/`);
  closers.push(shutdown);
  tracer.start('first').end();
  await collector.waitFor('first span', (spans) => spans.length === 1);
  tracer.start('second').end();
  await collector.waitFor('second span', (spans) => spans.length === 2);
  await expect(collector.waitFor('third span', (spans) => spans.length === 3, 1)).rejects.toThrow('no third span within 1 ms; there are: first, second');
});

test('O3: at ratio 0 nothing is sent but what a recorded trace from outside brings about', async () => {
  const collector = await receiver();
  const { tracer, shutdown } = await telemetry(collector.endpoint, { sampleRatio: 0 });
  for (let count = 0; count < 100; count += 1) {
    const request = tracer.start('http.write');
    tracer.startChild('shard.write', request.traceParent).end();
    request.end();
  }
  tracer.start('http.query', { parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }).end();
  await shutdown();

  expect(collector.spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([['http.query', 'b7ad6b7169203331']]);
  expect(collector.requestCount).toBe(1);
});

test('O3: in between, a trace is whole or not there', async () => {
  const collector = await receiver();
  const { tracer, shutdown } = await telemetry(collector.endpoint, { sampleRatio: 0.5 });
  for (let count = 0; count < 200; count += 1) {
    const request = tracer.start('http.write');
    for (let owner = 1; owner <= 3; owner += 1) tracer.startChild('shard.write', request.traceParent).end();
    request.end();
  }
  await shutdown();

  const traces = [...Map.groupBy(collector.spans, ({ traceId }) => traceId).values()];
  expect(traces.filter((spans) => spans.length !== 4)).toEqual([]);
  expect(traces.length).toBeGreaterThan(20);
  expect(traces.length).toBeLessThan(180);
});

test('O4: a collector that is not there breaks nothing and lets go of the shutdown; every lost span is counted', async () => {
  const gone = await startOtlpReceiver();
  await gone.close();
  const { log, reasons, lostCount } = keptLosses();
  const { tracer, shutdown } = await telemetry(gone.endpoint, { log });
  for (let count = 0; count < 20_000; count += 1) tracer.start('http.write').end();
  await shutdown();
  expect(lostCount()).toBe(20_000);
  expect([...reasons]).toEqual(expect.arrayContaining(['more spans end than the collector takes', expect.stringMatching(/ECONNREFUSED/)]));

  tracer.start('behind the shutdown').end();
  await shutdown();
}, TIMEOUT_MS);

test('O4: a collector that refuses breaks nothing', async () => {
  const collector = await receiver();
  collector.answerWith(400);
  const { log, reasons, lostCount } = keptLosses();
  const { tracer, shutdown } = await telemetry(collector.endpoint, { log });
  tracer.start('http.write').end();
  await shutdown();
  expect([lostCount(), [...reasons], collector.spans]).toEqual([1, ['Bad Request'], []]);
});

test('O4: a collector that never answers does not hold up the shutdown for ever', async () => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  closers.push(
    () => mute.close(),
    () => sockets.forEach((socket) => socket.destroy()),
  );
  await new Promise((resolve) => mute.once('listening', resolve));
  const { tracer, shutdown } = await telemetry(`http://127.0.0.1:${(mute.address() as AddressInfo).port}`);
  tracer.start('http.write').end();
  await shutdown();
  expect(sockets.length).toBeGreaterThan(0);
}, TIMEOUT_MS);

test('O5: without an endpoint the tracer is the silent one, and no package of OpenTelemetry is loaded', async () => {
  const { tracer, shutdown } = await telemetry('');
  expect(tracer).toBe(SILENT_TRACER);
  await shutdown();

  const loadedFor = (otlpEndpoint: string): number => {
    const program = `
      import { registerHooks } from 'node:module';
      let count = 0;
      registerHooks({ resolve: (name, context, next) => ((count += name.startsWith('@opentelemetry/') ? 1 : 0), next(name, context)) });
      const { startTelemetry } = await import('./start-telemetry.ts');
      await startTelemetry({ serviceName: 's', nodeName: 'n', sampleRatio: 1, otlpEndpoint: '${otlpEndpoint}' });
      console.log(count);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname, encoding: 'utf8' });
    return Number.parseInt(stdout, 10);
  };
  expect(loadedFor('')).toBe(0);
  expect(loadedFor('http://127.0.0.1:4318')).toBeGreaterThan(3);
});
