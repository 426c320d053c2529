export { connectNats } from './connect-nats.ts';
export type { NatsOptions } from './connect-nats.ts';
