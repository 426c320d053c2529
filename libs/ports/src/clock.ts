import type { DurationMs, InstantMs, WallMs } from '@varve/base';

export interface Timer {
  cancel(): void;
}

/** Time, so that a simulation can own it. */
export interface Clock {
  /** Wall time; may jump in either direction. */
  wallMs(): WallMs;
  /** Never goes back; its zero means nothing. */
  monotonicMs(): InstantMs;
  /** Calls once, not before `delayMs` have passed, never synchronously. */
  after(delayMs: DurationMs, onDue: () => void): Timer;
}

/** Randomness, so that a simulation can own it. */
export interface Random {
  /** Uniform in [0, 2^32). */
  uint32(): number;
}
