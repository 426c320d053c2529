import type { WallMs } from '@varve/base';
import type { Catalog } from '@varve/model';
import type { StoredMembership } from './raft-log-store.ts';

/** One accepted command, for people: who, when, what. */
export interface AuditRow {
  readonly logIndex: number;
  readonly atMs: WallMs;
  readonly proposer: string;
  /** The command's kind. */
  readonly kind: string;
  /** The command as JSON text, bigint as decimal text, without secrets. */
  readonly command: string;
}

/** All that a peer needs to begin without the entries up to here. */
export interface CatalogSnapshot {
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** As of the applied index; EMPTY_MEMBERSHIP when nobody knew it. */
  readonly membership: StoredMembership;
  readonly catalog: Catalog;
}

/** The catalog's snapshot and a bounded audit, stamped with `appliedIndex` in one transaction. Rebuildable from the log; never on a hot path. */
export interface CatalogStore {
  load(): Promise<CatalogSnapshot | undefined>;
  /**
   * Replaces the snapshot and appends the audit rows, dropping the oldest beyond the bound. All or nothing; resolves when
   * it survives a power cut. @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  save(snapshot: CatalogSnapshot, audit: readonly AuditRow[]): Promise<void>;
  /** Newest first. */
  readAudit(rowCountMax: number): Promise<readonly AuditRow[]>;
  /** Ends what is under way, then refuses with STORAGE_FAILED. */
  close(): Promise<void>;
}
