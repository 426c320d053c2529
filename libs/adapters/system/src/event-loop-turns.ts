import type { LongWork } from '@varve/ports';

/**
 * Hands out the event loop: one piece of long work per round of it, so that all sockets and threads are looked at in
 * between. A small write that comes beside bulk loads and a flush waits for one batch or one stretch of the flush, not for
 * everything that has piled up. How many may wait is bounded by those who ask: bodies by their bytes, the others by one each.
 */
export class EventLoopTurns {
  /** Who waits, by kind; the kind that had its turn last is last. */
  readonly #waiting = new Map<LongWork, (() => void)[]>();
  #isScheduled = false;

  take(work: LongWork): Promise<void> {
    return new Promise((resolve) => {
      const ofKind = this.#waiting.get(work);
      if (ofKind === undefined) this.#waiting.set(work, [resolve]);
      else ofKind.push(resolve);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#next();
    });
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [work, ofKind] = first;
    const resolve = ofKind.shift();
    this.#waiting.delete(work);
    if (ofKind.length > 0) this.#waiting.set(work, ofKind);
    if (this.#waiting.size > 0) this.#schedule();
    resolve?.();
  }
}
