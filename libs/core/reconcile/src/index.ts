export { JournalIndex } from './journal-index.ts';
export { planPulls } from './plan-pulls.ts';
export { commonTo, holesOf, isCovered, missingFrom, mutationCount, unionOf } from './vectors.ts';
export { candidateOf, isPassed, isReached, requiredFor } from './watermark.ts';
export type { PlannedPull } from './plan-pulls.ts';
export type { HeldPledge, WatermarkCandidate } from './watermark.ts';
