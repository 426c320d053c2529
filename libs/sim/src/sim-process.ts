import type { DurationMs } from '@varve/base';
import type { Timer } from '@varve/ports';
import type { SimScheduler } from './sim-scheduler.ts';

/**
 * One run of a process, from start to crash. Its ports are opened for it and die with it: after `kill` none of its
 * timers, messages or storage calls comes back any more, and what it still calls has no effect. A restart is a new
 * SimProcess of the same name over the same disk.
 */
export class SimProcess {
  readonly scheduler: SimScheduler;
  readonly name: string;
  #state: 'running' | 'paused' | 'dead' = 'running';
  /** What came due while paused, in order. */
  #held: (() => void)[] = [];
  readonly #killHooks: (() => void)[] = [];

  constructor(scheduler: SimScheduler, name: string) {
    this.scheduler = scheduler;
    this.name = name;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  /** Runs something in this process, `delayMs` from now: later when it is paused then, never when it is dead. */
  schedule(delayMs: DurationMs, what: string, run: () => void): Timer {
    if (!this.isAlive) return NO_TIMER;
    let isCancelled = false;
    const timer = this.scheduler.schedule(delayMs, `${this.name} ${what}`, () =>
      this.#onDue(() => !isCancelled && run()),
    );
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  /** Resolves with what `act` returns after the delay, rejects with what it throws; neither when the process dies first. */
  perform<Value>(delayMs: DurationMs, what: string, act: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.schedule(delayMs, what, () => {
        try {
          resolve(act());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  /** As SIGSTOP: nothing runs, everything that comes due waits. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** As SIGCONT: what has waited runs now, in order, before anything newer. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    if (this.#held.length > 0) this.scheduler.schedule(0, `${this.name} resumes`, () => this.#runHeld());
  }

  /** As kill -9. */
  kill(): void {
    if (!this.isAlive) return;
    this.scheduler.note(`${this.name} is killed`);
    this.#state = 'dead';
    this.#held = [];
    for (const hook of this.#killHooks) hook();
  }

  /** For ports: what is to happen to their side of the world when the process dies. */
  onKill(hook: () => void): void {
    this.#killHooks.push(hook);
  }

  #onDue(run: () => void): void {
    if (!this.isAlive) return;
    if (this.#state === 'paused' || this.#held.length > 0) this.#held.push(run);
    else run();
  }

  /** One thing at a time, so that promises settle in between; paused again, the rest waits on. */
  #runHeld(): void {
    if (this.#state !== 'running') return;
    this.#held[0]?.();
    this.#held.shift();
    if (this.#held.length > 0) this.scheduler.schedule(0, `${this.name} catches up`, () => this.#runHeld());
  }
}

const NO_TIMER: Timer = { cancel() {} };
