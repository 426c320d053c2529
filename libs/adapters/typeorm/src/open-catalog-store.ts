import type { CatalogStore } from '@varve/ports';

/** Rows of the audit that are kept when nothing else is asked for. */
const AUDIT_ROW_COUNT_MAX = 10_000;

/**
 * The catalog's snapshot and audit in one SQLite file, which is created when it is not there. TypeORM is loaded here and
 * not before: it takes a tenth of a second, and only a meta node needs it.
 * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_LOCKED, STORAGE_UNWRITABLE, STORAGE_FAILED
 */
export async function openCatalogStore(options: {
  readonly file: string;
  readonly auditRowCountMax?: number | undefined;
}): Promise<CatalogStore> {
  const { openCatalogDatabase } = await import('./catalog-database.ts');
  return openCatalogDatabase({ file: options.file, auditRowCountMax: options.auditRowCountMax ?? AUDIT_ROW_COUNT_MAX });
}
