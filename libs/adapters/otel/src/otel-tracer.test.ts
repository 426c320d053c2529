import { SpanKind as OtelKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, ParentBasedSampler, SimpleSpanProcessor, TraceIdRatioBasedSampler, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { DbError } from '@varve/base';
import { SILENT_SPAN, traceIdOf, type Tracer } from '@varve/ports';
import { expect, test } from 'vitest';
import { OtelTracer } from './otel-tracer.ts';

// The SDK with an exporter that keeps what it gets: nothing leaves the process.

function open(sampleRatio = 1): { readonly tracer: Tracer; readonly spans: () => readonly ReadableSpan[] } {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  return { tracer: new OtelTracer(provider.getTracer('test')), spans: () => exporter.getFinishedSpans() };
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const RECORDED = `00-${TRACE_ID}-${SPAN_ID}-01`;
const NOT_RECORDED = `00-${TRACE_ID}-${SPAN_ID}-00`;
const UNREADABLE = 'once upon a time';

test('O2: a child has the trace and the id of its parent', () => {
  const { tracer, spans } = open();
  const parent = tracer.start('parent', { kind: 'server' });
  tracer.startChild('child', parent.traceParent, { kind: 'producer', attributes: { shard: 7 } }).end();
  parent.end();

  const [child, root] = spans();
  expect(child).toMatchObject({ name: 'child', kind: OtelKind.PRODUCER, attributes: { shard: 7 }, parentSpanContext: { spanId: root?.spanContext().spanId } });
  expect(root).toMatchObject({ name: 'parent', kind: OtelKind.SERVER, parentSpanContext: undefined });
  expect(child?.spanContext().traceId).toBe(root?.spanContext().traceId);
});

test('O2: a span begun under another one that is still open is no child of it unless it says so', () => {
  const { tracer } = open();
  const first = tracer.start('first');
  expect(traceIdOf(tracer.start('second').traceParent)).not.toBe(traceIdOf(first.traceParent));
});

test('O3: a request that brings a recorded trace joins it; one whose trace is not recorded stays silent', () => {
  const { tracer } = open(0);
  expect(traceIdOf(tracer.start('request', { parent: RECORDED }).traceParent)).toBe(TRACE_ID);
  expect(open(1).tracer.start('request', { parent: NOT_RECORDED })).toBe(SILENT_SPAN);
});

test('O3: an unreadable parent of a request is as none', () => {
  const { tracer } = open();
  for (const parent of [UNREADABLE, '', undefined]) expect(tracer.start('request', { parent }).traceParent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test('O3: nothing is recorded under a parent that is not', () => {
  const { tracer, spans } = open();
  for (const parent of [NOT_RECORDED, UNREADABLE, undefined]) expect(tracer.startChild('child', parent)).toBe(SILENT_SPAN);
  expect(open(0).tracer.start('request')).toBe(SILENT_SPAN);
  expect(spans()).toEqual([]);
});

test('an error marks its span as failed, with its code and without its stack', () => {
  const { tracer, spans } = open();
  tracer.start('a').end(new DbError('WRITE_TIMEOUT', 'write timeout'));
  tracer.start('b').end(new RangeError('x'.repeat(1_000)));
  tracer.start('c').end('just so');
  tracer.start('d').end();

  expect(spans().map(({ attributes, status, events }) => [attributes['error.type'], status.code, status.message, events.length])).toEqual([
    ['WRITE_TIMEOUT', SpanStatusCode.ERROR, 'write timeout', 0],
    ['RangeError', SpanStatusCode.ERROR, 'x'.repeat(256), 0],
    ['string', SpanStatusCode.ERROR, 'just so', 0],
    [undefined, SpanStatusCode.UNSET, undefined, 0],
  ]);
});

test('only the first end counts, and nothing changes behind it', () => {
  const { tracer, spans } = open();
  const span = tracer.start('once', { attributes: { level: 'one' } });
  span.setAttribute('level', 'quorum');
  span.end();
  span.setAttribute('level', 'all');
  span.end(new Error('too late'));

  expect(spans()).toHaveLength(1);
  expect(spans()[0]).toMatchObject({ attributes: { level: 'quorum' }, status: { code: SpanStatusCode.UNSET } });
  expect(span.traceParent).toMatch(/-01$/);
});
