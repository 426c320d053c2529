import { crc32 } from 'node:zlib';
import { assert, Prng, type DurationMs } from '@varve/base';
import type { Timer } from '@varve/ports';
import { EventHeap, type SimEvent } from './event-heap.ts';

/**
 * Virtual time. Everything that takes time or chance in a simulation is an event here: messages, timers, disk writes.
 * Events run one at a time, in the order (time, tiebreak drawn from the seed). So the same seed gives the same run, and
 * `traceHash`, which covers every event, shows whether it did.
 *
 *   event ─▶ its promises settle ─▶ microtasks run until all is quiet ─▶ next event
 *
 * The code under test uses real promises, and nothing pure can see whether the microtask queue is empty. The rule: after
 * an event the queue gets turns until QUIET_TURN_COUNT of them in a row have scheduled nothing new. A longer chain that
 * touches no port goes on during later events, at the same place in every run: slower, never different.
 */
export class SimScheduler {
  readonly seed: number;
  readonly #heap = new EventHeap();
  readonly #streams = new Map<string, Prng>();
  readonly #ties: Prng;
  readonly #eventCountMax: number;
  readonly #onLine: ((line: string) => void) | undefined;
  #nowMs = 0;
  #scheduledCount = 0;
  #eventCount = 0;
  #hash = 0;

  constructor(options: {
    readonly seed: number;
    /** A run with more events than this is taken for an endless one. */
    readonly eventCountMax?: number;
    /** Gets a line per event. */
    readonly onLine?: (line: string) => void;
  }) {
    this.seed = options.seed;
    this.#eventCountMax = options.eventCountMax ?? 10_000_000;
    this.#onLine = options.onLine;
    this.#ties = this.prngOf('ties');
  }

  /** Virtual milliseconds since the start, in whole steps of TIME_STEP_MS. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Eight hex digits over everything that has happened, in order. */
  get traceHash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }

  /** The seed's stream of that name: always the same object, and a new consumer does not shift the others' draws. */
  prngOf(name: string): Prng {
    let prng = this.#streams.get(name);
    if (prng === undefined) {
      prng = new Prng(crc32(name, this.seed >>> 0));
      this.#streams.set(name, prng);
    }
    return prng;
  }

  /** Runs something once, `delayMs` from now. `what` is its line in the trace. */
  schedule(delayMs: DurationMs, what: string, run: () => void): Timer {
    assert(delayMs >= 0, `"${what}" in ${delayMs} ms`);
    this.#scheduledCount += 1;
    const atMs = this.#nowMs + inSteps(delayMs);
    const event: SimEvent = {
      atMs,
      tiebreak: this.#ties.uint32(),
      number: this.#scheduledCount,
      what,
      run,
      isCancelled: false,
    };
    this.#heap.push(event);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  }

  /** Puts a line into the trace that is not an event of its own. */
  note(what: string): void {
    const line = `${this.#nowMs.toFixed(3)} ${what}`;
    this.#hash = crc32(line, this.#hash);
    this.#onLine?.(line);
  }

  /** Runs the next event and what follows from it. Returns false when there is none. */
  async step(): Promise<boolean> {
    await this.#untilNextIsKnown();
    const event = this.#next();
    if (event === undefined) return false;
    assert(this.#eventCount < this.#eventCountMax, `no end after ${this.#eventCountMax} events`);
    this.#heap.pop();
    this.#eventCount += 1;
    this.#nowMs = event.atMs;
    this.note(event.what);
    event.run();
    await this.#untilQuiet(QUIET_TURN_COUNT);
    return true;
  }

  /** Runs events until none is left. Does not end while anything rearms a timer: see {@link runFor}. */
  async runUntilIdle(): Promise<void> {
    while (await this.step());
  }

  /** Runs all events of the next `durationMs`. */
  async runFor(durationMs: DurationMs): Promise<void> {
    const endMs = this.#nowMs + inSteps(durationMs);
    for (;;) {
      await this.#untilNextIsKnown();
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      await this.step();
    }
    this.#nowMs = endMs;
  }

  /** Runs events until the promise settles. @throws Error when nothing is left that could settle it */
  async runUntilSettled<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.#untilQuiet(QUIET_TURN_COUNT);
    while (!isSettled) {
      if (!(await this.step()) && !isSettled) throw new Error(`waits for ever at ${this.#nowMs} ms: no event is left`);
    }
    return promise;
  }

  /** Before there is none, long chains of promises get their time. */
  async #untilNextIsKnown(): Promise<void> {
    if (this.#next() === undefined) await this.#untilQuiet(QUIET_TURN_COUNT_AT_END);
  }

  /** The next event that is not cancelled. No await may come between looking and taking: a long chain may schedule an earlier one meanwhile. */
  #next(): SimEvent | undefined {
    while (this.#heap.peek()?.isCancelled) this.#heap.pop();
    return this.#heap.peek();
  }

  async #untilQuiet(turnCount: number): Promise<void> {
    let seenCount = this.#scheduledCount;
    for (let quietCount = 0; quietCount < turnCount; quietCount += 1) {
      await SETTLED;
      if (seenCount === this.#scheduledCount) continue;
      seenCount = this.#scheduledCount;
      quietCount = 0;
    }
  }
}

/** Virtual time goes in steps of 1/1024 ms: a power of two, so that sums are exact. */
export const TIME_STEP_MS = 1 / 1024;

function inSteps(durationMs: DurationMs): DurationMs {
  return Math.ceil(durationMs / TIME_STEP_MS) * TIME_STEP_MS;
}

const SETTLED = Promise.resolve();
/** Longer than the chains of awaits between two touches of a port; 64 turns take some microseconds. */
const QUIET_TURN_COUNT = 64;
/** Before a run is taken for finished or stuck. */
const QUIET_TURN_COUNT_AT_END = 20_000;
