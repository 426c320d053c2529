export { encodeFailure, request, serve } from './request.ts';
export { RetryBudget } from './retry-budget.ts';
export { openStream, serveStream } from './stream.ts';
export type { Answer } from './request.ts';
export type { Service } from './service.ts';
export type { StreamPorts } from './stream.ts';
