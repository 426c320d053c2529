export { query, send, write } from './client.ts';
export type { Answer, AnswerSeries } from './client.ts';
