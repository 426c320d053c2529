export { openEmbedded } from './embedded.ts';
export { open } from './open.ts';
export type { Embedded, EmbeddedPorts } from './embedded.ts';
export type { ResultSeries } from './collect-series.ts';
export type { OpenOptions, QueryOptions, Varve, WriteOptions } from './open.ts';
