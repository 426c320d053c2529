import type { Catalog } from '@varve/model';

/** The newest catalog that somebody has seen. M3: versions come in order, possibly with gaps, and never go back. */
export class CatalogView {
  #catalog: Catalog;
  readonly #listeners = new Set<(catalog: Catalog) => void>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Takes a catalog over when it is newer, and tells the listeners before it returns. Returns whether it did. */
  offer(catalog: Catalog): boolean {
    if (catalog.version <= this.#catalog.version) return false;
    this.#catalog = catalog;
    for (const listener of this.#listeners) listener(catalog);
    return true;
  }

  /** Listeners must not throw. Returns how to stop listening. */
  onChange(listener: (catalog: Catalog) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
