// Spans with explicit parents: nothing is ambient, so a trace costs what its calls say and the simulator sees the same
// code. A trace begins once, where a request comes in; whoever began it has decided whether it is recorded, and tells the
// others with a traceparent, or with none.
//
//   HTTP ── start ── startChild ⇢ envelope ⇢ startChild (each owner)
//                        └──────⇢ envelope ⇢ startChild (hint) ── stored beside the hint ── startChild (delivery)

/** W3C `traceparent`, `00-<32 hex>-<16 hex>-01`: what travels in an envelope and lies beside a hint. */
export type TraceParent = string;

/** Who waits for whom: `client` and `server` of a request, `producer` and `consumer` of a message. */
export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** `internal` when nothing is said. */
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes;
}

/** A piece of work in a trace. It is recorded when it has ended, and is nothing before. No call throws. */
export interface Span {
  /** undefined when this span is not recorded: nothing has to travel then. */
  readonly traceParent: TraceParent | undefined;
  /** Replaces an earlier value of this name. After the end it does nothing. */
  setAttribute(name: string, value: string | number | boolean): void;
  /** Ends it; with an error, as failed. Only the first call counts. */
  end(error?: unknown): void;
}

/** Begins spans by the names of the telemetry catalogue. Calls are cheap and never throw. */
export interface Tracer {
  /**
   * Begins a trace, subject to sampling; or joins the one of a `parent` from outside, recorded if that one is. An
   * unreadable parent is as none.
   */
  start(name: string, options?: SpanOptions & { readonly parent?: TraceParent | undefined }): Span;
  /**
   * Goes on with a trace of ours. Without a readable parent nothing is recorded: that was decided where the trace began,
   * and a new one here would be a piece without its beginning.
   */
  startChild(name: string, parent: TraceParent | undefined, options?: SpanOptions): Span;
}

/** One for all spans that are not recorded. */
export const SILENT_SPAN: Span = { traceParent: undefined, setAttribute() {}, end() {} };

/** Records nothing and allocates nothing: for tests, and where no collector is configured. */
export const SILENT_TRACER: Tracer = { start: () => SILENT_SPAN, startChild: () => SILENT_SPAN };

/** The 32 hex digits that people look a trace up by, for logs. `traceParent` is one that a span gave. */
export function traceIdOf(traceParent: TraceParent | undefined): string | undefined {
  return traceParent?.slice(3, 35);
}
