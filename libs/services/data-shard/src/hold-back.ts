import type { DurationMs, SizeBytes } from '@varve/base';
import { LIMITS } from '@varve/config';

/** Of one byte when memtables are full: a batch of 5,000 rows would wait for two seconds. */
const PER_BYTE_MS = 0.03;
/** A coordinator takes an owner that has not acked by the hint timeout for silent, and sends the frame to a repair node. The other half is the journal's. */
const HOLD_BACK_MS_MAX = LIMITS.hintTimeoutMs / 2;

/**
 * How long the ack of a frame is held back when memtables hold so much of what they may: bulk writers, which wait for acks,
 * slow down to what can be flushed before any writer is refused. A small write hardly notices.
 * @param fullness 0 to 1; below 0.5 flushes keep up
 */
export function holdBackMsOf(fullness: number, frameSizeBytes: SizeBytes): DurationMs {
  const urgency = Math.min(Math.max(2 * fullness - 1, 0), 1);
  return Math.min(frameSizeBytes * PER_BYTE_MS * urgency ** 3, HOLD_BACK_MS_MAX);
}
