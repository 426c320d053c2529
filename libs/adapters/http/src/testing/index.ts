export { query, send, write } from './client.ts';
export { promReadBody, promWriteBody, readPromAnswer } from './prom-client.ts';
export type { Answer, AnswerSeries } from './client.ts';
