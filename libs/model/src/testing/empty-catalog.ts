import type { Catalog } from '../catalog.ts';

/** A catalog with nothing in it, for tests that build one up. */
export function emptyCatalog(): Catalog {
  return {
    version: 0,
    nodes: new Map(),
    databases: new Map(),
    incarnations: new Map(),
    nextId: 1,
    ceilingMs: 0,
    recentRequests: new Map(),
  };
}
