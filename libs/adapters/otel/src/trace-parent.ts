import { TraceFlags, type SpanContext } from '@opentelemetry/api';
import type { TraceParent } from '@varve/ports';

// Source: W3C Trace Context, level 1, https://www.w3.org/TR/trace-context-1/#traceparent-header
//
//   00 - 0af7651916cd43dd8448eb211c80319c - b7ad6b7169203331 - 01
//   version      trace id                     span id        flags, bit 0: recorded
//
// Version 00 ends there; a later one may go on behind another dash. Zeros are no ids, ff is no version, letters are small.

const PATTERN = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** undefined: there is none, or it cannot be read. */
export function parseTraceParent(text: TraceParent | undefined): SpanContext | undefined {
  const match = text === undefined ? null : PATTERN.exec(text);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === '00' && rest !== undefined) return undefined;
  // Of the flags only the one we know goes on.
  return { traceId: traceId!, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16) & TraceFlags.SAMPLED, isRemote: true };
}

/** Of version 00. */
export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): TraceParent {
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}
