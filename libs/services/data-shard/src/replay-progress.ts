import type { InstantMs } from '@varve/base';
import type { Clock, Log } from '@varve/ports';

/** How long a replay may say nothing. */
const SILENCE_MS = 1_000;

/** Says once a second how far a node is in its journal, and at which pace. */
export class ReplayProgress {
  readonly #clock: Clock;
  readonly #log: Log;
  #rowCount = 0;
  #ofRowCount = 0;
  #startedMs: InstantMs;
  #saidMs: InstantMs;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#startedMs = this.#saidMs = clock.monotonicMs();
  }

  /** From now on so many rows are read. */
  expect(rowCount: number): void {
    this.#rowCount = 0;
    this.#ofRowCount = rowCount;
    this.#startedMs = this.#saidMs = this.#clock.monotonicMs();
  }

  onRow(): void {
    this.#rowCount += 1;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#saidMs < SILENCE_MS) return;
    this.#saidMs = nowMs;
    const rowsPerSecond = (1_000 * this.#rowCount) / (nowMs - this.#startedMs);
    const leftCount = Math.max(0, this.#ofRowCount - this.#rowCount);
    this.#log.info('Replaying the journal', {
      rowCount: this.#rowCount,
      ofRowCount: this.#ofRowCount,
      rowsPerSecond: Math.round(rowsPerSecond),
      secondsLeft: Math.ceil(leftCount / rowsPerSecond),
    });
  }
}
