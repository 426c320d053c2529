import { SILENT_LOG, type CatalogStore, type Log } from '@varve/ports';

/** Rows of the audit that are kept when nothing else is asked for. */
const AUDIT_ROW_COUNT_MAX = 10_000;

export interface CatalogStoreOptions {
  readonly file: string;
  readonly auditRowCountMax?: number | undefined;
  /**
   * `refuse`, unless it is said otherwise. `setAside`, for a meta node that has others: a damaged file is renamed to
   * `<file>.damaged-<number>` and a new one is begun, so `load` answers as for a new one and the snapshot comes from another node.
   */
  readonly onDamage?: 'refuse' | 'setAside' | undefined;
  /** Is told when a file was set aside. */
  readonly log?: Log | undefined;
}

/**
 * The catalog's snapshot and audit in one SQLite file, which is created when it is not there. TypeORM is loaded here and
 * not before: it takes a tenth of a second, and only a meta node needs it.
 * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_LOCKED, STORAGE_UNWRITABLE, STORAGE_FAILED
 */
export async function openCatalogStore(options: CatalogStoreOptions): Promise<CatalogStore> {
  const { file, auditRowCountMax = AUDIT_ROW_COUNT_MAX, onDamage = 'refuse', log = SILENT_LOG } = options;
  const { openCatalogDatabase } = await import('./catalog-database.ts');
  const open = (): Promise<CatalogStore> => openCatalogDatabase({ file, auditRowCountMax });
  if (onDamage === 'refuse') return open();
  const { openMendingCatalogStore } = await import('./mending-catalog-store.ts');
  return openMendingCatalogStore({ file, log, open });
}
