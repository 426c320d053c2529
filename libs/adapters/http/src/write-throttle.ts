import { DbError, type DurationMs } from '@varve/base';
import type { Clock } from '@varve/ports';

export interface ThrottleOptions {
  /** 0 is no limit. */
  readonly concurrentCountMax: number;
  readonly enqueuedCountMax: number;
  readonly timeoutMs: DurationMs;
}

/** Lets so many writes in at a time; others wait in order, a bounded number for a bounded time. */
export class WriteThrottle {
  readonly #clock: Clock;
  readonly #options: ThrottleOptions;
  /** In order of arrival; each lets one write in. */
  readonly #waiting = new Set<() => void>();
  #runningCount = 0;

  constructor(clock: Clock, options: ThrottleOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** @throws DbError WRITE_OVERLOADED when the queue is full or the wait too long */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const { concurrentCountMax } = this.#options;
    if (concurrentCountMax > 0 && this.#runningCount >= concurrentCountMax) await this.#turn();
    else this.#runningCount += 1;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Resolves with the place of a write that has left. */
  #turn(): Promise<void> {
    const { enqueuedCountMax, timeoutMs } = this.#options;
    if (this.#waiting.size >= enqueuedCountMax) throw new DbError('WRITE_OVERLOADED', 'request throttled, queue full');
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        timer.cancel();
        this.#waiting.delete(enter);
        resolve();
      };
      const timer = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(enter);
        reject(new DbError('WRITE_OVERLOADED', 'request throttled, exceeds timeout'));
      });
      this.#waiting.add(enter);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#runningCount -= 1;
    else next();
  }
}
