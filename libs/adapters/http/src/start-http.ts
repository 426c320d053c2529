import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DbError } from '@varve/base';
import { LIMITS, type Address, type VarveConfig } from '@varve/config';
import { SILENT_TRACER, type Clock, type Gateway, type Health, type Log, type MetaControl, type Metrics, type Tracer } from '@varve/ports';
import { metrics as names, spans } from '@varve/telemetry';
import { AsyncQueries } from './async-queries.ts';
import { ByteBudget } from './byte-budget.ts';
import { requestsRoute, varsRoute, type DebugParts } from './debug-routes.ts';
import { answerError } from './errors.ts';
import { Exchange } from './exchange.ts';
import { fluxRoute } from './flux-route.ts';
import { healthRoute } from './health-route.ts';
import { HttpStats } from './http-stats.ts';
import { metaRoutes } from './meta-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { pingRoute } from './ping-route.ts';
import { promReadRoute } from './prom-read-route.ts';
import { promWriteRoute } from './prom-write-route.ts';
import { queryRoute } from './query-route.ts';
import { RequestClock } from './request-clock.ts';
import { Router, type Handler, type Routes } from './router.ts';
import { traced } from './traced.ts';
import { v2DeleteRoute } from './v2-delete-route.ts';
import { v2WriteRoute, writeRoute } from './write-route.ts';
import { WriteThrottle } from './write-throttle.ts';

/** Connections that the operating system holds until they are accepted. */
const BACKLOG_COUNT_MAX = 1_024;

/** The options of the configuration that the HTTP edge goes by. */
export type HttpConfig = Pick<
  VarveConfig,
  'bodySizeBytesMax' | 'rowCountMax' | 'connectionCountMax' | 'concurrentWriteCountMax' | 'enqueuedWriteCountMax' | 'enqueuedWriteTimeoutMs'
>;

export interface HttpOptions {
  readonly address: Address;
  /** What `/metrics` answers. */
  readonly metricsText: () => Promise<string>;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Writes and queries begin their traces here; without one there are none. */
  readonly tracer?: Tracer | undefined;
  readonly clock: Clock;
  readonly config: HttpConfig;
  /** Of Varve, for `/health`. */
  readonly version: string;
}

export interface HttpServer {
  /** Where it listens, with the port that was taken when 0 was asked for. */
  readonly address: Address;
  /** From here on requests are served; before, all are answered 503. */
  serve(gateway: Gateway): void;
  /** As `serve`, for a process that takes no writes and queries: how it is and what it has counted. */
  serveStatus(healthOf: () => Health): void;
  /** As `serveStatus`, for a meta node, which operators may look at and change. */
  serveMeta(healthOf: () => Health, control: MetaControl): void;
  /** Takes no new requests; those under way get a bounded time to end. */
  close(): Promise<void>;
}

/**
 * InfluxDB 1.x's HTTP API over a gateway. It listens before there is one, so that an address that cannot be had is found
 * before anything else is touched.
 * @throws DbError ADDRESS_IN_USE when something else listens there, CONFIG_INVALID when nobody can
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { clock, config } = options;
  const server = createServer({
    maxHeaderSize: LIMITS.headerSizeBytesMax,
    headersTimeout: LIMITS.headersTimeoutMs,
    requestTimeout: LIMITS.requestTimeoutMs,
    keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
    // A request without a body is no stream that has to be read to its end.
    optimizeEmptyRequests: true,
  });
  if (config.connectionCountMax > 0) server.maxConnections = config.connectionCountMax;
  let handle = refuse;
  // Once the server closes, a connection whose answer has ended has nothing left to wait for.
  const closeIdle = (): void => {
    if (!server.listening) setImmediate(() => server.closeIdleConnections());
  };
  server.on('request', (request, response) => {
    const exchange = new Exchange(request, response);
    exchange.onClose(closeIdle);
    void handle(exchange);
  });
  await listen(server, options.address);
  const { address: host, port } = server.address() as AddressInfo;
  const debug = { stats: new HttpStats(), clock, startedMs: clock.wallMs(), address: `${host}:${port}` };
  const route = (routes: Routes): void => {
    const router = new Router(routes, { ...options, stats: debug.stats });
    handle = (exchange) => router.handle(exchange);
  };
  return {
    address: { host, port },
    serve: (gateway) => route({ ...statusRoutes(() => gateway.health(), options), ...apiRoutes(debug.stats.counted(gateway), options), ...debugRoutes(debug) }),
    serveStatus: (healthOf) => route(statusRoutes(healthOf, options)),
    serveMeta: (healthOf, control) => route({ ...statusRoutes(healthOf, options), ...metaRoutes(control) }),
    close: () => close(server, clock),
  };
}

const refuse: Handler = (exchange) => {
  exchange.setCommonHeaders();
  answerError(exchange, new DbError('STARTING', 'this node is starting; retry'));
};

function statusRoutes(healthOf: () => Health, { metricsText, version }: HttpOptions): Routes {
  const onHealth: Handler = (exchange) => healthRoute(exchange, { health: healthOf(), version });
  return {
    '/ping': { GET: pingRoute, HEAD: pingRoute },
    '/health': { GET: onHealth, HEAD: onHealth },
    '/metrics': { GET: (exchange) => metricsRoute(exchange, metricsText) },
  };
}

function debugRoutes(parts: DebugParts): Routes {
  return {
    '/debug/vars': { GET: (exchange) => varsRoute(exchange, parts) },
    '/debug/requests': { GET: (exchange) => requestsRoute(exchange, parts) },
  };
}

function apiRoutes(gateway: Gateway, { metrics, log, tracer = SILENT_TRACER, clock, config }: HttpOptions): Routes {
  const onChange = (takenBytes: number): void => metrics.set(names.httpBodiesUnderWaySize, takenBytes);
  const bounds = { budget: new ByteBudget({ sizeBytesMax: LIMITS.bodiesUnderWaySizeBytesMax, what: 'request bodies', code: 'WRITE_OVERLOADED', onChange }), clock };
  const held = new ByteBudget({ sizeBytesMax: LIMITS.heldAnswersSizeBytesMax, what: 'answers that are held', code: 'QUERY_OVERLOADED' });
  const requestClock = new RequestClock(clock);
  const throttle = new WriteThrottle(clock, {
    concurrentCountMax: config.concurrentWriteCountMax,
    enqueuedCountMax: config.enqueuedWriteCountMax,
    timeoutMs: config.enqueuedWriteTimeoutMs,
  });
  const write = { gateway, clock: requestClock, throttle, bounds, bodySizeBytesMax: config.bodySizeBytesMax };
  const query = { gateway, clock: requestClock, bounds, held, rowCountMax: config.rowCountMax, asyncQueries: new AsyncQueries(log) };
  const onOptions: Handler = (exchange) => exchange.answer(200);
  const onWrite = traced(tracer, spans.httpWrite, (exchange) => writeRoute(exchange, write));
  const onQuery = traced(tracer, spans.httpQuery, (exchange) => queryRoute(exchange, query));
  const onV2Delete = traced(tracer, spans.httpDelete, (exchange) => v2DeleteRoute(exchange, { gateway, bounds }));
  return {
    '/api/v2/delete': { OPTIONS: onOptions, POST: onV2Delete },
    '/status': { GET: pingRoute, HEAD: pingRoute },
    '/write': { OPTIONS: onOptions, POST: onWrite },
    '/query': { OPTIONS: onOptions, GET: onQuery, POST: onQuery },
    '/api/v2/write': { OPTIONS: onOptions, POST: traced(tracer, spans.httpWrite, (exchange) => v2WriteRoute(exchange, write)) },
    '/api/v2/query': { OPTIONS: onOptions, POST: fluxRoute },
    '/api/v1/prom/write': { POST: traced(tracer, spans.httpWrite, (exchange) => promWriteRoute(exchange, write)) },
    '/api/v1/prom/read': { POST: traced(tracer, spans.httpQuery, (exchange) => promReadRoute(exchange, query)) },
  };
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, `${host}:${port}`));
    const where = host === '' ? { port } : { host, port };
    server.once('error', onError).listen({ ...where, backlog: BACKLOG_COUNT_MAX }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function listenError(cause: NodeJS.ErrnoException, address: string): DbError {
  const isInUse = cause.code === 'EADDRINUSE';
  const text = isInUse ? `another process listens on ${address}` : `cannot listen on ${address}: ${cause.code ?? cause.message}`;
  return new DbError(isInUse ? 'ADDRESS_IN_USE' : 'CONFIG_INVALID', text, { address }, { cause });
}

async function close(server: Server, clock: Clock): Promise<void> {
  const timer = clock.after(LIMITS.drainTimeoutMs, () => server.closeAllConnections());
  await new Promise<void>((resolve) => server.close(() => resolve()));
  timer.cancel();
}
