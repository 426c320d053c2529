export { hintVerdict } from './hint-budget.ts';
export { HINT_TRANSITIONS, nextHintState } from './hint-machine.ts';
export { COUNTER_MAX, HybridClock } from './hybrid-clock.ts';
export { hintCounts, requiredAcks, verdictOf } from './verdict.ts';
export type { HintVerdict } from './hint-budget.ts';
export type { HintEvent, HintState } from './hint-machine.ts';
export type { HybridClockOptions, ObserveResult, StampResult } from './hybrid-clock.ts';
export type { AckTally, Verdict } from './verdict.ts';
