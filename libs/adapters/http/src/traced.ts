import { DbError } from '@varve/base';
import type { Tracer } from '@varve/ports';
import { attributes } from '@varve/telemetry';
import type { Handler } from './router.ts';

/** A handler whose requests are spans, from here to the end of their answers, in the client's trace if it names one. */
export function traced(tracer: Tracer, name: string, handle: Handler): Handler {
  return async (exchange) => {
    const { request, response, path } = exchange;
    const facts = { [attributes.httpMethod]: request.method ?? '', [attributes.httpRoute]: path };
    const span = tracer.start(name, { kind: 'server', parent: exchange.header('traceparent'), attributes: facts });
    if (span.traceParent === undefined) return handle(exchange);

    exchange.traceParent = span.traceParent;
    let failure: unknown;
    exchange.onClose(() => {
      if (response.writableFinished) span.setAttribute(attributes.httpStatus, response.statusCode);
      span.end(failure);
    });
    try {
      await handle(exchange);
    } catch (error) {
      // What the client did wrong is its status, not a failure of ours.
      if (!(error instanceof DbError) || error.traits.httpStatus >= 500) failure = error;
      throw error;
    }
  };
}
