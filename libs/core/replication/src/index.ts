export { COUNTER_MAX, HybridClock } from './hybrid-clock.ts';
export { hintCounts, requiredAcks, verdictOf } from './verdict.ts';
export type { HybridClockOptions, ObserveResult, StampResult } from './hybrid-clock.ts';
export type { AckTally, Verdict } from './verdict.ts';
