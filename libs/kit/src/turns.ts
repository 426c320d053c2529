import type { DurationMs } from '@varve/base';
import type { Clock } from '@varve/ports';

/** Long enough that turns cost a few percent, short enough that small writes come through. */
const STRETCH_MS: DurationMs = 10;

/**
 * Lets everybody else have a turn during long work. Data that is in memory is read without ever going back to the event
 * loop: timers, cancels and other requests would wait for its end.
 */
export class Turns {
  readonly #clock: Clock;
  #restedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#restedMs = clock.monotonicMs();
  }

  /** Undefined: it is not time yet. */
  maybeRest(): Promise<void> | undefined {
    return this.#clock.monotonicMs() - this.#restedMs < STRETCH_MS ? undefined : this.#rest();
  }

  async #rest(): Promise<void> {
    await this.#clock.turn('query');
    this.#restedMs = this.#clock.monotonicMs();
  }
}
