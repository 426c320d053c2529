import { DbError } from '@varve/base';
import type { AuditRow, MetaControl, MetaStatus } from '@varve/ports';

/** A meta group of peers 1 to 3 without a log: it keeps what it was asked for, and fails as it is told. */
export class FakeMetaControl implements MetaControl {
  readonly asked: string[] = [];
  failure: DbError | undefined;
  status: MetaStatus = {
    ...{ clusterId: 'varve', peerId: 1, diskId: '0'.repeat(32), boot: 2, role: 'leader', term: 3, leaderId: 1 },
    ...{ compactedIndex: 5, appliedIndex: 9, commitIndex: 9, lastIndex: 10, catalogVersion: 8, membershipIndex: 1, isRecovering: false },
    members: [
      { id: 1, role: 'voter', isLeader: true, matchIndex: 10, lag: 0, state: 'replicating', isActive: true },
      { id: 2, role: 'voter', isLeader: false, matchIndex: 9, lag: 1, state: 'replicating', isActive: true },
      { id: 3, role: 'learner', isLeader: false, matchIndex: 0, lag: 10, state: 'snapshot', isActive: false },
    ],
  };
  auditRows: readonly AuditRow[] = [{ logIndex: 7, atMs: 1_700_000_000_000, proposer: 'coordinator-1', kind: 'createDatabase', command: '{"kind":"createDatabase","name":"d"}' }];

  metaStatus(): MetaStatus {
    this.#ask('status');
    return this.status;
  }

  async joinPeer(peer: number): Promise<void> {
    this.#ask(`join ${peer}`);
  }

  async removePeer(peer: number): Promise<void> {
    this.#ask(`remove ${peer}`);
    if (peer > 3) throw new DbError('META_CONTROL', `peer ${peer} is no member of the meta group`);
  }

  async transferLeadership(peer: number): Promise<number> {
    this.#ask(`transfer ${peer}`);
    return peer === 0 ? 2 : peer;
  }

  async takeSnapshot(): Promise<number> {
    this.#ask('snapshot');
    return 9;
  }

  async readAudit(rowCountMax: number): Promise<readonly AuditRow[]> {
    this.#ask(`audit ${rowCountMax}`);
    return this.auditRows;
  }

  #ask(what: string): void {
    this.asked.push(what);
    if (this.failure !== undefined) throw this.failure;
  }
}
