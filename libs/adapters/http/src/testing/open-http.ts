import { SILENT_LOG, SILENT_METRICS, type Clock } from '@varve/ports';
import { onTestFinished } from 'vitest';
import { startHttp, type HttpConfig, type HttpOptions, type HttpServer } from '../start-http.ts';
import { FakeGateway } from './fake-gateway.ts';

/** Small bounds that a test can reach. */
export const HTTP_CONFIG: HttpConfig = {
  bodySizeBytesMax: 100_000,
  rowCountMax: 0,
  connectionCountMax: 100,
  concurrentWriteCountMax: 0,
  enqueuedWriteCountMax: 0,
  enqueuedWriteTimeoutMs: 50,
};

/** Of `TEST_CLOCK`, which stands still, so that stamps are known. */
export const WALL_MS = 1_700_000_000_000;

export const TEST_CLOCK: Clock = {
  wallMs: () => WALL_MS,
  monotonicMs: () => performance.now(),
  after: (delayMs, onDue) => {
    const timeout = setTimeout(onDue, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  turn: async () => undefined,
};

/** Listens on a port of its own and serves nothing yet; closed when the test ends. */
export async function listenHttp(config: Partial<HttpConfig> = {}, parts: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    address: { host: '127.0.0.1', port: 0 },
    metricsText: () => Promise.resolve('varve_up 1\n'),
    log: SILENT_LOG,
    metrics: SILENT_METRICS,
    clock: TEST_CLOCK,
    config: { ...HTTP_CONFIG, ...config },
    version: '0.1.0',
    ...parts,
  });
  onTestFinished(() => server.close());
  return server;
}

/** The HTTP edge over a gateway without a database. */
export async function openHttp(config: Partial<HttpConfig> = {}, parts: Partial<HttpOptions> = {}): Promise<{ readonly gateway: FakeGateway; readonly server: HttpServer }> {
  const server = await listenHttp(config, parts);
  const gateway = new FakeGateway();
  server.serve(gateway);
  return { gateway, server };
}
