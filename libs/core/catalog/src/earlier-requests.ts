import { LIMITS } from '@varve/config';
import type { Catalog, CommandResult } from '@varve/model';

/**
 * Release 0.1.0 knew requests by ids of their own and remembered the latest of them in the catalog. Its log must give what
 * it gave then, ids and all, because files on disk are named by these ids (C33).
 */
export function rememberingRequest(catalog: Catalog, requestId: string, result: CommandResult): Catalog {
  const earlierRequests = new Map(catalog.earlierRequests).set(requestId, result);
  for (const oldest of earlierRequests.keys()) {
    if (earlierRequests.size <= LIMITS.earlierRequestCountMax) break;
    earlierRequests.delete(oldest);
  }
  return { ...catalog, earlierRequests };
}
