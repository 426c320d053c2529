export { openCatalogStore } from './open-catalog-store.ts';
