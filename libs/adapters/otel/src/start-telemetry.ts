import { SILENT_TRACER, type Log, type Tracer } from '@varve/ports';

export interface TelemetryOptions {
  /** What kind of process this is, `varve-coordinator`. */
  readonly serviceName: string;
  /** Which one of its kind. */
  readonly nodeName: string;
  /** Where a collector takes OTLP over HTTP, without `/v1/traces`: `http://127.0.0.1:4318`. Empty: nothing is traced. */
  readonly otlpEndpoint: string;
  /** Of the traces that begin here, this part is recorded, 0 to 1. Traces from elsewhere go by their parent. */
  readonly sampleRatio: number;
  readonly log: Log;
}

export interface Telemetry {
  readonly tracer: Tracer;
  /** Sends what has ended, for two seconds at most. Never fails; spans that end later are lost. */
  shutdown(): Promise<void>;
}

/**
 * Traces to an OpenTelemetry collector. The SDK is loaded here and not before: it takes memory and time, and most
 * processes have no collector. An endpoint that cannot be reached is a line in the log, and spans are lost.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (options.otlpEndpoint === '') return { tracer: SILENT_TRACER, shutdown: () => Promise.resolve() };
  const { openExport } = await import('./open-export.ts');
  return openExport(options);
}
