export { runService } from './run-service.ts';
export type { ServiceKit, ServiceProgram } from './run-service.ts';
