export { openStoresHere } from './open-stores-here.ts';
