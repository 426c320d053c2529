import { DbError, type DurationMs } from '@varve/base';
import type { Clock, Log, Timer } from '@varve/ports';

/** Work that is done at intervals, each on its own. A round that fails is said, and done again at the next interval. */
export class Rounds {
  readonly #ports: { readonly clock: Clock; readonly log: Log };
  readonly #timers = new Map<string, Timer>();
  readonly #underWay = new Set<Promise<void>>();
  #isStopped = false;

  constructor(ports: { readonly clock: Clock; readonly log: Log }) {
    this.#ports = ports;
  }

  /** Runs now, and again after each interval. */
  every(name: string, intervalMs: DurationMs, run: () => Promise<void>): void {
    const running = this.#round(name, run).then(() => {
      if (!this.#isStopped) this.#timers.set(name, this.#ports.clock.after(intervalMs, () => this.every(name, intervalMs, run)));
    });
    this.#underWay.add(running);
    void running.finally(() => this.#underWay.delete(running));
  }

  /** Begins no round any more; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all(this.#underWay);
  }

  async #round(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('Upkeep failed; it is tried again at the next interval', { name, code: error.code, reason: error.message });
    }
  }
}
