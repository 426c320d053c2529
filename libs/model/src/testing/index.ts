export { emptyCatalog } from './empty-catalog.ts';
export { summaryColumns, summaryIn } from './summary-columns.ts';
