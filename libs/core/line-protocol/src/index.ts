export { formatPoint } from './format-point.ts';
export { LINE_ERROR_COUNT_MAX, parseLines } from './parse-lines.ts';
export { SERIES_MEMORY_SIZE_BYTES_MAX, SeriesMemory } from './series-memory.ts';
export type { LineError, ParsedLines, ParseOptions } from './parse-lines.ts';
export type { Precision } from './precision.ts';
