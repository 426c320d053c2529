import type { TimestampNs } from '@varve/base';
import type { Clock } from '@varve/ports';

/** Stamps requests: points without a time that arrive within one millisecond must not become one point. */
export class RequestClock {
  readonly #clock: Clock;
  #ms = NaN;
  #subNs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The wall clock, with a nanosecond more for each further request of the same millisecond. */
  nowNs(): TimestampNs {
    const ms = Math.floor(this.#clock.wallMs());
    this.#subNs = ms === this.#ms ? this.#subNs + 1 : 0;
    this.#ms = ms;
    return BigInt(ms) * 1_000_000n + BigInt(this.#subNs);
  }
}
