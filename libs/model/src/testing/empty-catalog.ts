import { EMPTY_CATALOG, type Catalog } from '../catalog.ts';

/** A catalog with nothing in it, for tests that build one up. */
export function emptyCatalog(): Catalog {
  return EMPTY_CATALOG;
}
