import { assert, Prng, type DurationMs } from '@varve/base';
import { EventHeap } from '../event-heap.ts';

/**
 * Virtual time for code without promises: what `SimScheduler` is for services, at a hundredth of its price, because an
 * event has run when its function returns. The same seed gives the same events in the same order.
 */
export class RaftTime {
  readonly prng: Prng;
  readonly #heap = new EventHeap();
  readonly #ties: Prng;
  #nowMs = 0;
  #eventCount = 0;
  #hash = 0;

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.#ties = this.prng.fork();
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Over everything that was noted, in order. */
  get traceHash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }

  after(delayMs: DurationMs, run: () => void): void {
    assert(delayMs >= 0, `an event in ${delayMs} ms`);
    this.#eventCount += 1;
    assert(this.#eventCount <= EVENT_COUNT_MAX, `no end after ${EVENT_COUNT_MAX} events`);
    const tiebreak = this.#ties.uint32();
    this.#heap.push({ atMs: this.#nowMs + delayMs, tiebreak, number: this.#eventCount, what: '', run, isCancelled: false });
  }

  /** What happened, as numbers. */
  note(...facts: readonly number[]): void {
    for (const fact of facts) this.#hash = (Math.imul(this.#hash ^ fact, 0x01000193) + 0x9e3779b9) >>> 0;
  }

  /** Runs the events of the next `durationMs`, or fewer when `isDone` says so. */
  runFor(durationMs: DurationMs, isDone: () => boolean = () => false): void {
    const endMs = this.#nowMs + durationMs;
    for (let next = this.#heap.peek(); next !== undefined && next.atMs <= endMs; next = this.#heap.peek()) {
      if (isDone()) return;
      this.#heap.pop();
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = endMs;
  }
}

/** A run with more events than this is taken for an endless one. */
const EVENT_COUNT_MAX = 150_000;
