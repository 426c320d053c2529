import { ROOT_CONTEXT, SpanKind as OtelKind, SpanStatusCode, trace, type SpanContext, type Span as OtelApiSpan, type Tracer as OtelApiTracer } from '@opentelemetry/api';
import { DbError } from '@varve/base';
import { SILENT_SPAN, type Span, type SpanKind, type SpanOptions, type TraceParent, type Tracer } from '@varve/ports';
import { attributes } from '@varve/telemetry';
import { formatTraceParent, parseTraceParent } from './trace-parent.ts';

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
  internal: OtelKind.INTERNAL,
};
/** Of an error's message: it may quote what a client sent. */
const MESSAGE_LENGTH_MAX = 256;

/** The `Tracer` port on OpenTelemetry's. Contexts are made here for each span and never become ambient. */
export class OtelTracer implements Tracer {
  readonly #tracer: OtelApiTracer;

  constructor(tracer: OtelApiTracer) {
    this.#tracer = tracer;
  }

  start(name: string, { parent, ...options }: SpanOptions & { readonly parent?: TraceParent | undefined } = {}): Span {
    return this.#begin(name, parseTraceParent(parent), options);
  }

  startChild(name: string, parent: TraceParent | undefined, options: SpanOptions = {}): Span {
    const context = parseTraceParent(parent);
    return context === undefined ? SILENT_SPAN : this.#begin(name, context, options);
  }

  #begin(name: string, parent: SpanContext | undefined, { kind = 'internal', attributes: facts = {} }: SpanOptions): Span {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const span = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes: facts }, context);
    return span.isRecording() ? new RecordedSpan(span) : SILENT_SPAN;
  }
}

class RecordedSpan implements Span {
  readonly #span: OtelApiSpan;

  constructor(span: OtelApiSpan) {
    this.#span = span;
  }

  get traceParent(): TraceParent {
    return formatTraceParent(this.#span.spanContext());
  }

  setAttribute(name: string, value: string | number | boolean): void {
    if (this.#span.isRecording()) this.#span.setAttribute(name, value);
  }

  end(error?: unknown): void {
    if (!this.#span.isRecording()) return;
    if (error !== undefined) this.#fail(error);
    this.#span.end();
  }

  /** Without the stack: that is for the log. */
  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#span.setAttribute(attributes.errorType, errorTypeOf(error));
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, MESSAGE_LENGTH_MAX) });
  }
}

function errorTypeOf(error: unknown): string {
  if (error instanceof DbError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
