import { encodeCatalog, withoutSessions, type Catalog } from '@varve/model';
import type { Bus } from '@varve/ports';
import { encode, type Subjects } from '@varve/wire';

/** Well below what a bus carries in one message. */
const PIECE_SIZE_BYTES_MAX = 256 * 1024;

/** Shows the catalog to everybody else: says that there is a newer one, and hands it out to who asks. */
export class CatalogPublisher {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  #catalog: Catalog;
  /** Of `#catalog`; made when the first asks for it. */
  #encoded: Uint8Array | undefined;

  constructor(bus: Bus, subjects: Subjects, catalog: Catalog) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#catalog = catalog;
  }

  maybePublish(catalog: Catalog): void {
    if (catalog.version === this.#catalog.version) return;
    this.#catalog = catalog;
    this.#encoded = undefined;
    this.announce();
  }

  /** Says which version there is. Who misses it finds out by polling. */
  announce(): void {
    this.#bus.publish(this.#subjects.metaChanged, encode('metaChanged', { version: this.#catalog.version }));
  }

  /**
   * The newest catalog in pieces, nothing for who has it. Sessions are left out: they matter to the meta group alone.
   */
  async *pieces(afterVersion: number): AsyncGenerator<Uint8Array> {
    if (afterVersion >= this.#catalog.version) return;
    const bytes = (this.#encoded ??= encodeCatalog(withoutSessions(this.#catalog)));
    for (let start = 0; start < bytes.length; start += PIECE_SIZE_BYTES_MAX)
      yield bytes.subarray(start, start + PIECE_SIZE_BYTES_MAX);
  }
}
