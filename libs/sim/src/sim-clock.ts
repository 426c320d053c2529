import type { DurationMs, InstantMs, WallMs } from '@varve/base';
import type { Clock, Random, Timer } from '@varve/ports';
import type { SimProcess } from './sim-process.ts';

/** When virtual time is 0: 2026-01-01T00:00:00Z. */
const START_WALL_MS = 1_767_225_600_000;

/** A process's clock over virtual time. Its wall time may be wrong and may jump; its monotonic time is right. */
export class SimClock implements Clock {
  readonly #process: SimProcess;
  #skewMs: DurationMs;

  constructor(process: SimProcess, { skewMs = 0 }: { readonly skewMs?: DurationMs } = {}) {
    this.#process = process;
    this.#skewMs = skewMs;
  }

  wallMs(): WallMs {
    return START_WALL_MS + Math.floor(this.#process.scheduler.nowMs + this.#skewMs);
  }

  monotonicMs(): InstantMs {
    return this.#process.scheduler.nowMs;
  }

  after(delayMs: DurationMs, onDue: () => void): Timer {
    return this.#process.schedule(delayMs, 'timer', onDue);
  }

  /** Virtual time stands still while somebody works: whoever asks is next. */
  turn(): Promise<void> {
    return new Promise((begin) => this.after(0, begin));
  }

  /** Somebody sets the wall clock. */
  jump(byMs: DurationMs): void {
    this.#skewMs += byMs;
  }
}

/** Randomness of a process, from the seed's stream of its name. A restart goes on where the last run stopped. */
export class SimRandom implements Random {
  readonly #process: SimProcess;

  constructor(process: SimProcess) {
    this.#process = process;
  }

  uint32(): number {
    return this.#process.scheduler.prngOf(`random of ${this.#process.name}`).uint32();
  }
}
