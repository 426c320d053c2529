import type { CatalogCache } from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** A {@link CatalogCache} on a simulated disk. */
export class SimCatalogCache implements CatalogCache {
  readonly #content: { documents: readonly Uint8Array[] };
  readonly #file: SimFile;

  constructor(process: SimProcess, disk: SimDisk) {
    this.#content = disk.file('catalog cache', () => ({ documents: [] }));
    this.#file = new SimFile(process, disk, { name: 'catalog cache', isBrokenByFailure: false });
  }

  async load(): Promise<readonly Uint8Array[]> {
    return this.#file.read('documents', () => this.#content.documents.map((document) => document.slice()));
  }

  async replace(document: Uint8Array): Promise<void> {
    const copy = document.slice();
    await this.#file.write('replace', () => {
      this.#content.documents = [copy];
    });
  }

  async append(document: Uint8Array): Promise<void> {
    const copy = document.slice();
    await this.#file.write('append', () => {
      this.#content.documents = [...this.#content.documents, copy];
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
