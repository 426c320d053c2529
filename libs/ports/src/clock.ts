import type { DurationMs, InstantMs, WallMs } from '@varve/base';

export interface Timer {
  cancel(): void;
}

/** What works for milliseconds at a stretch: on the batch of a writer, on a query. */
export type LongWork = 'write' | 'query';

/** Time, so that a simulation can own it. */
export interface Clock {
  /** Wall time; may jump in either direction. */
  wallMs(): WallMs;
  /** Never goes back; its zero means nothing. */
  monotonicMs(): InstantMs;
  /** Calls once, not before `delayMs` have passed, never synchronously. */
  after(delayMs: DurationMs, onDue: () => void): Timer;
  /**
   * Resolves when the caller may work for some milliseconds. Between two such turns everything short gets through: small
   * writes, acks, heartbeats. Kinds of work take turns; of one kind, who asked first is first.
   */
  turn(work: LongWork): Promise<void>;
}

/** Randomness, so that a simulation can own it. */
export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number;
}
