import type { DurationMs } from '@varve/base';
import type { Log } from '@varve/ports';

/** Between two lines about spans that did not reach the collector. */
const INTERVAL_MS: DurationMs = 60_000;

/** Counts lost spans. The first loss is said at once, later ones together: a collector that is down is not news every second. */
export class LossReport {
  readonly #endpoint: string;
  readonly #log: Log;
  readonly #nowMs: () => DurationMs;
  #spanCount = 0;
  #reason = '';
  #saidAtMs = -Infinity;

  constructor(endpoint: string, log: Log, nowMs: () => DurationMs = () => performance.now()) {
    this.#endpoint = endpoint;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  onLost(spanCount: number, reason: string): void {
    this.#spanCount += spanCount;
    this.#reason = reason;
    if (this.#nowMs() - this.#saidAtMs >= INTERVAL_MS) this.sayRest();
  }

  /** What was lost and not said yet. */
  sayRest(): void {
    if (this.#spanCount === 0) return;
    this.#log.warn('Spans lost', { endpoint: this.#endpoint, spanCount: this.#spanCount, reason: this.#reason });
    this.#saidAtMs = this.#nowMs();
    this.#spanCount = 0;
  }
}
