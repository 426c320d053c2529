import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { LossReport } from './loss-report.ts';

/** Ended spans that wait, about 10 MB of them. Reached: the newest are lost, and the work they tell of goes on. */
const WAITING_SPAN_COUNT_MAX = 8_192;
const BATCH_SPAN_COUNT_MAX = 512;
/** A span is with the collector about so long after its end. */
const BATCH_DELAY_MS = 1_000;

type OnExported = Parameters<SpanExporter['export']>[1];

/** From the end of a span to the exporter: a bounded queue and batches, the SDK's, with a count of what gets lost on the way. */
export class Outbox implements SpanProcessor {
  readonly #batches: BatchSpanProcessor;
  readonly #exporter: SpanExporter;
  readonly #losses: LossReport;
  #waitingCount = 0;

  constructor(exporter: SpanExporter, losses: LossReport) {
    this.#exporter = exporter;
    this.#losses = losses;
    this.#batches = new BatchSpanProcessor({
      exporter: { export: (spans, onExported) => this.#export(spans, onExported), shutdown: () => exporter.shutdown() },
      maxQueueSize: WAITING_SPAN_COUNT_MAX,
      maxExportBatchSize: BATCH_SPAN_COUNT_MAX,
      scheduledDelayMillis: BATCH_DELAY_MS,
    });
  }

  onStart(): void {
    // A span is nothing before its end.
  }

  onEnd(span: ReadableSpan): void {
    // The SDK has the same bound, and would say nothing.
    if (this.#waitingCount === WAITING_SPAN_COUNT_MAX) return this.#losses.onLost(1, 'more spans end than the collector takes');
    this.#waitingCount += 1;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  /** Sends what waits, then waits for all answers. Failures were reported, and are not thrown. */
  async shutdown(): Promise<void> {
    // It rejects with the first batch that fails, while others are still under way.
    await this.#batches.shutdown().catch(() => undefined);
    await this.#exporter.forceFlush?.();
    this.#losses.sayRest();
  }

  #export(spans: ReadableSpan[], onExported: OnExported): void {
    this.#waitingCount -= spans.length;
    this.#exporter.export(spans, (result) => {
      // A result has an error exactly when it failed.
      if (result.error !== undefined) this.#losses.onLost(spans.length, reasonOf(result.error));
      onExported(result);
    });
  }
}

/** Errors of sockets often have a code and no message. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  return error.message === '' ? String(error.code ?? error.name) : error.message;
}
