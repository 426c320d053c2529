import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SpanAttributes, SpanKind } from '@varve/ports';

/** A span as the collector got it. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  /** undefined for the first one of a trace. */
  readonly parentSpanId: string | undefined;
  /** What kind of process sent it, and which one. */
  readonly service: string;
  readonly node: string;
  readonly attributes: SpanAttributes;
  /** The message, when it ended with an error. */
  readonly error: string | undefined;
}

/** A collector on a free loopback port that keeps what it gets. */
export interface OtlpReceiver {
  /** For `otlpEndpoint`. */
  readonly endpoint: string;
  /** In order of arrival; a parent often comes after its children. */
  readonly spans: readonly ReceivedSpan[];
  /** Requests, refused ones included. */
  readonly requestCount: number;
  /** From here on requests are answered with this status, and their spans dropped unless it is 200. */
  answerWith(status: number): void;
  /** Resolves with all spans once they are enough. @throws Error with `what` and the names of the spans there are */
  waitFor(what: string, isEnough: (spans: readonly ReceivedSpan[]) => boolean, timeoutMs?: number): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

const WAIT_MS = 30_000;

/** OTLP over HTTP as JSON, which is what `startTelemetry` sends. Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const onArrival = new Set<() => void>();
  let requestCount = 0;
  let status = 200;

  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      requestCount += 1;
      const isKnown = request.method === 'POST' && request.url === '/v1/traces' && request.headers['content-type'] === 'application/json';
      const answer = isKnown ? status : 404;
      if (answer === 200) spans.push(...spansOf(JSON.parse(Buffer.concat(pieces).toString()) as ExportRequest));
      response.writeHead(answer, { 'Content-Type': 'application/json' }).end('{}');
      for (const look of onArrival) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    get requestCount() {
      return requestCount;
    },
    answerWith: (newStatus) => {
      status = newStatus;
    },
    waitFor: (what, isEnough, timeoutMs = WAIT_MS) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (isEnough(spans)) settle(() => resolve(spans));
        };
        const timer = setTimeout(() => {
          const names = spans.map(({ name }) => name).join(', ');
          settle(() => reject(new Error(`no ${what} within ${timeoutMs} ms; there are: ${names}`)));
        }, timeoutMs);
        const settle = (finish: () => void): void => {
          clearTimeout(timer);
          onArrival.delete(look);
          finish();
        };
        onArrival.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The parts of an ExportTraceServiceRequest that are looked at. */
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly KeyValue[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly boolValue?: boolean; readonly intValue?: number | string; readonly doubleValue?: number };
}

/** By OTLP's numbers, which count from 1. */
const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_ERROR = 2;

function spansOf({ resourceSpans }: ExportRequest): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const origin = attributesOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => received(span, origin)));
  });
}

function received({ name, kind, traceId, spanId, parentSpanId, attributes, status }: OtlpSpan, origin: SpanAttributes): ReceivedSpan {
  return {
    name,
    kind: KINDS[kind - 1]!,
    traceId,
    spanId,
    parentSpanId: parentSpanId === '' ? undefined : parentSpanId,
    service: String(origin['service.name']),
    node: String(origin['service.instance.id']),
    attributes: attributesOf(attributes),
    error: status.code === STATUS_ERROR ? (status.message ?? '') : undefined,
  };
}

function attributesOf(pairs: readonly KeyValue[]): SpanAttributes {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue)]));
}
