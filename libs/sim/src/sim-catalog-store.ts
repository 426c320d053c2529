import type { AuditRow, CatalogSnapshot, CatalogStore } from '@varve/ports';
import { SimFile, type SimDisk } from './sim-disk.ts';
import type { SimProcess } from './sim-process.ts';

/** A {@link CatalogStore} on a simulated disk. */
export class SimCatalogStore implements CatalogStore {
  readonly #content: { snapshot: CatalogSnapshot | undefined; audit: readonly AuditRow[] };
  readonly #file: SimFile;
  readonly #auditRowCountMax: number;

  constructor(
    process: SimProcess,
    disk: SimDisk,
    { auditRowCountMax = 1_000 }: { readonly auditRowCountMax?: number } = {},
  ) {
    this.#content = disk.file('catalog', () => ({ snapshot: undefined, audit: [] }));
    this.#file = new SimFile(process, disk, { name: 'catalog', isBrokenByFailure: false });
    this.#auditRowCountMax = auditRowCountMax;
  }

  async load(): Promise<CatalogSnapshot | undefined> {
    return this.#file.read('snapshot', () => structuredClone(this.#content.snapshot));
  }

  async save(snapshot: CatalogSnapshot, audit: readonly AuditRow[]): Promise<void> {
    const copy = structuredClone({ snapshot, audit });
    await this.#file.write('save', () => {
      this.#content.snapshot = copy.snapshot;
      this.#content.audit = [...this.#content.audit, ...copy.audit].slice(-this.#auditRowCountMax);
    });
  }

  async readAudit(rowCountMax: number): Promise<readonly AuditRow[]> {
    return this.#file.read('audit', () => this.#content.audit.toReversed().slice(0, rowCountMax));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
