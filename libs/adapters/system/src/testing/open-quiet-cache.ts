import { SILENT_LOG, type CatalogCache } from '@varve/ports';
import { openCatalogCache } from '../open-catalog-cache.ts';

/** A log does not survive the way to another process. */
export function openQuietCache(file: string): Promise<CatalogCache> {
  return openCatalogCache({ file, clusterId: 'one', log: SILENT_LOG });
}
