import { join } from 'node:path';
import { LIMITS } from '@varve/config';
import { openInprocBus } from '@varve/inproc-adapter';
import { createMetaRaft, type MetaRaftPorts } from '@varve/meta-raft-service';
import type { AuditRow, CatalogSnapshot } from '@varve/ports';
import { openRaftLogStore } from '@varve/sqlite-adapter';
import { openLog, openMetrics, systemClock, systemRandom } from '@varve/system-adapter';
import { openCatalogStore } from '@varve/typeorm-adapter';
import { eventually } from './test-cluster.ts';

/** What the disk of a meta node comes to. */
export interface StoredCatalog {
  readonly snapshot: CatalogSnapshot;
  readonly audit: readonly AuditRow[];
}

const SETTLE_TIMEOUT_MS = 30_000;
const AUDIT_ROW_COUNT_MAX = 100_000;

/** Lets the meta nodes of these directories, which nobody else has open, agree once more, and reads what each has. */
export async function readStoredGroup(directories: readonly string[]): Promise<readonly StoredCatalog[]> {
  const bus = openInprocBus();
  const voters = directories.map((_, index) => index + 1);
  const nodes = await Promise.all(
    directories.map(async (directory, index) => {
      const raftLog = await openRaftLogStore({ file: join(directory, 'raft.sqlite') });
      const catalogStore = await openCatalogStore({ file: join(directory, 'catalog.sqlite') });
      const ports: MetaRaftPorts = {
        ...{ bus, raftLog, catalogStore, clock: systemClock, random: systemRandom },
        ...{ log: openLog({ level: 'error', format: 'console' }), metrics: openMetrics() },
        onFatal: (error) => {
          throw error;
        },
      };
      const service = createMetaRaft(ports, { clusterId: 'varve', peerId: index + 1, voters, ...LIMITS });
      return { service, raftLog, catalogStore };
    }),
  );
  await Promise.all(nodes.map(({ service }) => service.start()));
  await eventually(SETTLE_TIMEOUT_MS, 'all meta nodes have applied the same', () => {
    const states = nodes.map(({ service }) => service.metaStatus());
    return states.every(({ leaderId, appliedIndex, lastIndex }) => leaderId !== 0 && appliedIndex === lastIndex && lastIndex === states[0]!.lastIndex);
  });
  const stored = [];
  for (const { service, catalogStore } of nodes) {
    await service.takeSnapshot();
    stored.push({ snapshot: (await catalogStore.load())!, audit: await service.readAudit(AUDIT_ROW_COUNT_MAX) });
  }
  await Promise.all(nodes.map(({ service }) => service.stop()));
  await Promise.all(nodes.flatMap(({ raftLog, catalogStore }) => [raftLog.close(), catalogStore.close()]));
  await bus.close();
  return stored;
}
