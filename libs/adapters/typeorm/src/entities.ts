import type { AuditRow } from '@varve/ports';
import { EntitySchema } from 'typeorm';

/** The one row of the snapshot's table. */
export interface SnapshotRow {
  readonly id: number;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** The catalog without its databases as JSON: nanoseconds are text in it, because SQLite's numbers come back as doubles. */
  readonly catalog: string;
  /** What the rows of the databases come to; empty where the databases are in `catalog`, as in files of 0.1.0. */
  readonly databases: string;
  /** Who voted and who copied at that index, as JSON; empty when nobody knew it, as in files of 0.1.0. */
  readonly membership: string;
  /** CRC-32 over the other columns. */
  readonly checksum: number;
}

export const SNAPSHOT_ID = 1;

export const snapshotEntity = new EntitySchema<SnapshotRow>({
  name: 'snapshot',
  tableName: 'snapshot',
  columns: {
    id: { type: 'integer', primary: true },
    appliedIndex: { type: 'integer', name: 'applied_index' },
    appliedTerm: { type: 'integer', name: 'applied_term' },
    catalog: { type: 'text' },
    databases: { type: 'text' },
    membership: { type: 'text' },
    checksum: { type: 'integer' },
  },
});

export const auditEntity = new EntitySchema<AuditRow>({
  name: 'audit',
  tableName: 'audit',
  columns: {
    logIndex: { type: 'integer', primary: true, name: 'log_index' },
    atMs: { type: 'real', name: 'at_ms' },
    proposer: { type: 'text' },
    kind: { type: 'text' },
    command: { type: 'text' },
  },
});
