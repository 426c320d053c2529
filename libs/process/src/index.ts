export { runMain } from './run-main.ts';
export { runService } from './run-service.ts';
export { VERSION } from './version.ts';
export type { ServiceKit, ServiceProgram } from './run-service.ts';
