export { commonTo, holesOf, isCovered, missingFrom, mutationCount, unionOf } from './vectors.ts';
