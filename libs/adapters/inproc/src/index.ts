export { openInprocBus } from './inproc-bus.ts';
