import type { DurationMs } from '@varve/base';
import type { Clock } from '@varve/ports';

/** Resolves when the time has passed. */
export function pause(clock: Clock, durationMs: DurationMs): Promise<void> {
  return new Promise((settle) => void clock.after(durationMs, settle));
}
