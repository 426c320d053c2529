import { DbError } from '@varve/base';
import type { Span, Tracer } from '@varve/ports';
import { attributes } from '@varve/telemetry';
import type { Exchange } from './exchange.ts';
import type { Handler } from './router.ts';

/** A handler whose requests are spans, from here to the end of their answers, in the client's trace if it names one. */
export function traced(tracer: Tracer, name: string, handle: Handler): Handler {
  return (exchange) => {
    const { request, path } = exchange;
    const facts = { [attributes.httpMethod]: request.method ?? '', [attributes.httpRoute]: path };
    const span = tracer.start(name, { kind: 'server', parent: exchange.header('traceparent'), attributes: facts });
    return span.traceParent === undefined ? handle(exchange) : recorded(span, exchange, handle);
  };
}

async function recorded(span: Span, exchange: Exchange, handle: Handler): Promise<void> {
  const { response } = exchange;
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
}
