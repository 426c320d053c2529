export { JournalIndex } from './journal-index.ts';
export { commonTo, holesOf, isCovered, missingFrom, mutationCount, unionOf } from './vectors.ts';
