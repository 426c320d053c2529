import { existsSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DbError } from '@varve/base';
import type { AuditRow, CatalogSnapshot, CatalogStore, Log } from '@varve/ports';
import { storageError } from './storage-error.ts';
import { syncDirectory } from './sync-directory.ts';

interface Options {
  readonly file: string;
  readonly log: Log;
  readonly open: () => Promise<CatalogStore>;
}

/** What SQLite keeps of a database beside its file, and the file itself last: a crash in between leaves it for the next start. */
const SUFFIXES = ['-wal', '-shm', ''];

/** Opens a store that begins anew when its file is damaged, and keeps the damaged one under another name. @throws as `open`, but for damage */
export async function openMendingCatalogStore(options: Options): Promise<CatalogStore> {
  try {
    return new MendingCatalogStore(await options.open(), options);
  } catch (error) {
    return new MendingCatalogStore(await beginAnew(error, options), options);
  }
}

/** Damage that only shows when the snapshot is read is found by `load`, which comes before anything is saved. */
class MendingCatalogStore implements CatalogStore {
  #store: CatalogStore;
  readonly #options: Options;

  constructor(store: CatalogStore, options: Options) {
    this.#store = store;
    this.#options = options;
  }

  async load(): Promise<CatalogSnapshot | undefined> {
    try {
      return await this.#store.load();
    } catch (error) {
      if (!isDamage(error)) throw error;
      await this.#store.close();
      this.#store = await beginAnew(error, this.#options);
      return undefined;
    }
  }

  save(snapshot: CatalogSnapshot, audit: readonly AuditRow[]): Promise<void> {
    return this.#store.save(snapshot, audit);
  }

  readAudit(rowCountMax: number): Promise<readonly AuditRow[]> {
    return this.#store.readAudit(rowCountMax);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** @throws the error when it is no damage */
function beginAnew(error: unknown, { file, log, open }: Options): Promise<CatalogStore> {
  if (!isDamage(error)) throw error;
  const aside = setAside(file);
  log.warn('The catalog file is damaged; it was set aside, and a new one is begun', { file, aside, reason: error.message });
  return open();
}

/** Nothing is deleted or overwritten. @returns the new name */
function setAside(file: string): string {
  let number = 1;
  const nameOf = (suffix: string): string => `${file}.damaged-${number}${suffix}`;
  while (SUFFIXES.some((suffix) => existsSync(nameOf(suffix)))) number += 1;
  try {
    for (const suffix of SUFFIXES) if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, nameOf(suffix));
    syncDirectory(dirname(file));
  } catch (error) {
    throw storageError(error, file);
  }
  return nameOf('');
}

function isDamage(error: unknown): error is DbError {
  return error instanceof DbError && error.code === 'STORAGE_CORRUPT';
}
