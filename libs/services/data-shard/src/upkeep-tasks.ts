/** What a flush and a merge compute: for whoever runs it beside the event loop. */
export { packFlush, packMerge } from '@varve/storage';
