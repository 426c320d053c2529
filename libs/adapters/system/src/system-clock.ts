import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '@varve/ports';
import { EventLoopTurns } from './event-loop-turns.ts';

/** The longest delay that setTimeout takes; it turns longer ones into one millisecond. */
const DELAY_MS_MAX = 2 ** 31 - 1;

const turns = new EventLoopTurns();

/**
 * The clock of this machine. A timer keeps the process alive until it is due or cancelled, so that nothing that is
 * awaited is cut off; who stops cancels.
 */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, onDue) => new SystemTimer(performance.now() + delayMs, onDue),
  turn: (work) => turns.take(work),
};

/** Node's timers may be early by a fraction of a millisecond and end at 24 days: this one looks again until it is due. */
class SystemTimer implements Timer {
  readonly #dueMs: number;
  readonly #onDue: () => void;
  #timeout: NodeJS.Timeout;

  constructor(dueMs: number, onDue: () => void) {
    this.#dueMs = dueMs;
    this.#onDue = onDue;
    this.#timeout = this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #arm(): NodeJS.Timeout {
    const restMs = this.#dueMs - performance.now();
    return setTimeout(() => this.#onTimeout(), Math.min(Math.max(0, Math.ceil(restMs)), DELAY_MS_MAX));
  }

  #onTimeout(): void {
    if (performance.now() < this.#dueMs) this.#timeout = this.#arm();
    else this.#onDue();
  }
}
