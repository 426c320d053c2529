export { openEmbedded } from './embedded.ts';
export { open } from './open.ts';
export type { Embedded, EmbeddedPorts } from './embedded.ts';
export type { OpenOptions, QueryOptions, ResultSeries, Varve, WriteOptions } from './open.ts';
