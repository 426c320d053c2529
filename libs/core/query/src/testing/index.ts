export { differenceOf } from './model/compare-answers.ts';
export { modelAnswerTo } from './model/check-against-model.ts';
export { ORIGIN_NS, randomLines, UNIT_COUNT } from './model/random-data.ts';
export { randomStatement, STATEMENT_FAMILIES } from './model/random-statement.ts';
export type { Answer, AnswerSeries } from './memory-engine.ts';
