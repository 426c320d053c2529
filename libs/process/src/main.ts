// For a program that is no service of a cluster: NATS is not loaded.
export { runMain } from './run-main.ts';
export { VERSION } from './version.ts';
