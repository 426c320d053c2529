import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { DurationMs } from '@varve/base';
import { LossReport } from './loss-report.ts';
import { OtelTracer } from './otel-tracer.ts';
import { Outbox } from './outbox.ts';
import type { Telemetry, TelemetryOptions } from './start-telemetry.ts';

/** For a batch with its retries: less than a shutdown may take, so that its end is known then. */
const EXPORT_TIMEOUT_MS: DurationMs = 1_500;
const SHUTDOWN_TIMEOUT_MS: DurationMs = 2_000;
const ATTRIBUTE_COUNT_MAX = 32;
const ATTRIBUTE_LENGTH_MAX = 1_024;

/** Tracer → bounded queue → batches as JSON over HTTP. Nothing is registered globally. */
export function openExport({ serviceName, nodeName, otlpEndpoint, sampleRatio, log }: TelemetryOptions): Telemetry {
  const url = `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`;
  const outbox = new Outbox(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), new LossReport(otlpEndpoint, log));
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'varve', 'service.name': serviceName, 'service.instance.id': nodeName }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeCountLimit: ATTRIBUTE_COUNT_MAX, attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    spanProcessors: [outbox],
  });
  return { tracer: new OtelTracer(provider.getTracer('varve')), shutdown: () => atMost(SHUTDOWN_TIMEOUT_MS, provider.shutdown()) };
}

/** Resolves with the work, or when its time is over. */
async function atMost(timeoutMs: DurationMs, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsOver = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeIsOver]);
  clearTimeout(timer);
}
