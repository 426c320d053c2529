import { request as httpRequest } from 'node:http';
import { DbError } from '@varve/base';
import { DEFAULT_CONFIG } from '@varve/config';
import { SILENT_LOG, SILENT_METRICS, SILENT_SPAN, type Clock, type LogFacts, type Span, type Tracer, type WriteSummary } from '@varve/ports';
import { afterEach, expect, test } from 'vitest';
import { startHttp, type HttpServer } from './start-http.ts';
import { FakeGateway } from './testing/fake-gateway.ts';
import { query, send } from './testing/request.ts';

// Real sockets, a gateway without a database, and a tracer that keeps its spans in memory.

const CLOCK: Clock = {
  wallMs: () => 1_700_000_000_000,
  monotonicMs: () => performance.now(),
  after: (delayMs, onDue) => {
    const timeout = setTimeout(onDue, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  turn: async () => undefined,
};
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACE_PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

interface KeptSpan {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  readonly error: unknown;
}

class KeptTracer implements Tracer {
  readonly ended: KeptSpan[] = [];
  onEnded: () => void = () => undefined;

  start(name: string, { parent, attributes: begun = {} }: Parameters<Tracer['start']>[1] = {}): Span {
    const attributes: Record<string, unknown> = { ...begun };
    return {
      traceParent: TRACE_PARENT,
      setAttribute: (key, value) => {
        attributes[key] = value;
      },
      end: (error) => {
        this.ended.push({ name, parent, attributes, error });
        this.onEnded();
      },
    };
  }

  startChild(): Span {
    return SILENT_SPAN;
  }
}

let servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function open(): Promise<{ readonly server: HttpServer; readonly gateway: FakeGateway; readonly tracer: KeptTracer; readonly warnings: LogFacts[] }> {
  const tracer = new KeptTracer();
  const warnings: LogFacts[] = [];
  const log = { ...SILENT_LOG, warn: (_: string, facts: LogFacts = {}) => warnings.push(facts) };
  const parts = { metricsText: () => Promise.resolve(''), log, metrics: SILENT_METRICS, clock: CLOCK, config: DEFAULT_CONFIG, version: '0.1.0', tracer };
  const server = await startHttp({ address: { host: '127.0.0.1', port: 0 }, ...parts });
  servers.push(server);
  const gateway = new FakeGateway();
  server.serve(gateway);
  return { server, gateway, tracer, warnings };
}

/** An answer is read before its span has ended. */
async function ended(tracer: KeptTracer, count: number): Promise<readonly KeptSpan[]> {
  while (tracer.ended.length < count) await new Promise<void>((resolve) => (tracer.onEnded = resolve));
  return tracer.ended;
}

test('E6: writes and queries are spans that the gateway is told of, in the trace that the client names', async () => {
  const { server, gateway, tracer } = await open();
  await send(server, '/write?db=d', { method: 'POST', body: 'm v=1', headers: { traceparent: 'as the client says' } });
  await send(server, query({ q: 'SHOW DATABASES' }));

  const [write, read] = await ended(tracer, 2);
  const facts = { 'http.request.method': 'POST', 'http.route': '/write', 'http.response.status_code': 204 };
  expect(write).toEqual({ name: 'http.write', parent: 'as the client says', attributes: facts, error: undefined });
  expect(read).toMatchObject({ name: 'http.query', parent: undefined, attributes: { 'http.route': '/query', 'http.response.status_code': 200 } });
  expect([gateway.writes[0]?.traceParent, gateway.queries[0]?.traceParent]).toEqual([TRACE_PARENT, TRACE_PARENT]);
});

test('E6: a failure of ours fails the span and has its trace in the log; a mistake of the client is a status', async () => {
  const { server, gateway, tracer, warnings } = await open();
  const timeout = new DbError('WRITE_TIMEOUT', 'write timeout');
  gateway.onWrite = () => Promise.reject(timeout);
  await send(server, '/write?db=d', { method: 'POST', body: 'm v=1' });
  await send(server, '/write', { method: 'POST', body: 'm v=1' });

  const [ours, theirs] = await ended(tracer, 2);
  expect(ours).toMatchObject({ error: timeout, attributes: { 'http.response.status_code': 504 } });
  expect(theirs).toMatchObject({ error: undefined, attributes: { 'http.response.status_code': 400 } });
  expect(warnings.map(({ code, traceId }) => [code, traceId])).toEqual([['WRITE_TIMEOUT', TRACE_ID]]);
});

test('E6: the span of a client that went away ends without a status', async () => {
  const { server, gateway, tracer } = await open();
  const { host, port } = server.address;
  const request = httpRequest({ host, port, path: '/write?db=d', method: 'POST' }).on('error', () => undefined);
  gateway.onWrite = () => {
    request.destroy();
    return new Promise<WriteSummary>(() => undefined);
  };
  request.end('m v=1');

  const [span] = await ended(tracer, 1);
  expect(span?.attributes).toEqual({ 'http.request.method': 'POST', 'http.route': '/write' });
});

test('what is neither a write nor a query is no trace', async () => {
  const { server, tracer } = await open();
  for (const path of ['/ping', '/health', '/metrics', '/nowhere']) await send(server, path);
  await send(server, '/write', { method: 'OPTIONS' });
  await send(server, query({ q: 'SHOW DATABASES' }));
  expect((await ended(tracer, 1)).map(({ name }) => name)).toEqual(['http.query']);
});
