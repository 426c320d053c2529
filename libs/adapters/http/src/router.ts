import { DbError } from '@varve/base';
import { traceIdOf, type Clock, type Log, type Metrics } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { answerError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { HttpStats } from './http-stats.ts';

/** Answers one request. May throw DbError while nothing was sent. */
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** Handlers by path, then by method. Paths are exact, as InfluxDB's. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

interface Route {
  readonly path: string;
  /** By method. */
  readonly handlers: ReadonlyMap<string, Handler>;
}

export interface RouterParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly stats: HttpStats;
}

/** Finds the handler, answers when there is none, and turns its failure into an answer. What is no DbError is a bug and stays one. */
export class Router {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #parts: RouterParts;

  constructor(routes: Routes, parts: RouterParts) {
    this.#routes = new Map(Object.entries(routes).map(([path, methods]) => [path, { path, handlers: new Map(Object.entries(methods)) }]));
    this.#parts = parts;
  }

  handle(exchange: Exchange): void | Promise<void> {
    const startedMs = this.#parts.clock.monotonicMs();
    const route = this.#routes.get(exchange.path);
    // The path of the route, not the one of the request: what is looked up by it later is found at once.
    const name = route?.path ?? 'other';
    this.#parts.stats.begin(exchange, name);
    exchange.onClose(() => this.#count(exchange, name, startedMs));
    if (route === undefined) return answerPlain(exchange, 404, '404 page not found\n');
    const handler = route.handlers.get(exchange.request.method ?? '');
    if (handler !== undefined) return this.#run(exchange, handler);
    exchange.setHeader('Allow', [...route.handlers.keys()].join(', '));
    answerPlain(exchange, 405, 'Method Not Allowed\n');
  }

  async #run(exchange: Exchange, handler: Handler): Promise<void> {
    exchange.setCommonHeaders();
    try {
      await handler(exchange);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      if (error.traits.httpStatus >= 500) this.#logFailure(exchange, error);
      if (exchange.response.headersSent) exchange.breakOff();
      else answerError(exchange, error);
    }
  }

  #logFailure({ request, path, traceParent }: Exchange, { code, message, facts }: DbError): void {
    this.#parts.log.warn('Request failed', { ...facts, method: request.method, path, code, reason: message, traceId: traceIdOf(traceParent) });
  }

  #count({ response, traceParent }: Exchange, route: string, startedMs: number): void {
    const { clock, log, metrics, stats } = this.#parts;
    const elapsedMs = clock.monotonicMs() - startedMs;
    const status = response.writableFinished ? String(response.statusCode) : 'gone';
    stats.end(route, { status: response.statusCode, elapsedMs });
    metrics.add(names.httpRequests, 1, { route, status });
    metrics.observe(names.httpRequestDuration, elapsedMs / 1_000, { route });
    log.debug('Request answered', { route, status, elapsedMs, traceId: traceIdOf(traceParent) });
  }
}

function answerPlain(exchange: Exchange, status: number, text: string): void {
  exchange.setHeader('Content-Type', 'text/plain; charset=utf-8');
  exchange.setHeader('X-Content-Type-Options', 'nosniff');
  exchange.answer(status, text);
}
