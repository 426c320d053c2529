export { ensureNatsServer } from './ensure-nats-server.ts';
export { findNatsServer } from './find-nats-server.ts';
export { maybeInstallDebianPackage } from './install-debian-package.ts';
export { freePort, startNatsServer } from './start-nats-server.ts';
export type { NatsServer } from './start-nats-server.ts';
