import type { SizeBytes } from '@varve/base';

/** Less is unpacked and parsed in a moment. */
const LARGE_SIZE_BYTES = 64 * 1_024;

/**
 * One large body after the other is worked on, with a look at all sockets in between: a small write that comes beside bulk loads
 * waits for one batch, not for all that have arrived.
 */
export class LargeBodyTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when a body of this size, as it was sent, may be worked on. */
  take(sizeBytes: SizeBytes): Promise<void> {
    if (sizeBytes < LARGE_SIZE_BYTES) return Promise.resolve();
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
