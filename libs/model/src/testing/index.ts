export { emptyCatalog } from './empty-catalog.ts';
