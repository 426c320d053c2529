import { join } from 'node:path';
import { LIMITS, type VarveConfig } from '@varve/config';
import { createCoordinator } from '@varve/coordinator-service';
import { createDataShard, type ScanTasks, type UpkeepTasks } from '@varve/data-shard-service';
import { openInprocBus } from '@varve/inproc-adapter';
import type { Service } from '@varve/kit';
import { createMetaRaft } from '@varve/meta-raft-service';
import type { Background, CatalogStore, Clock, Gateway, Journal, Log, Metrics, RaftLogStore, Random, SelfReport, ShardStore, Tracer } from '@varve/ports';
import { createRepair } from '@varve/repair-service';
import { lockDataDirectory, openJournal, openRaftLogStore, openShardStore } from '@varve/sqlite-adapter';
import { openPasswordHasher } from '@varve/system-adapter';
import { openBackground } from '@varve/threads';
import { openCatalogStore } from '@varve/typeorm-adapter';

/** What the embedded form takes from its surroundings. */
export interface EmbeddedPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** For SHOW STATS and SHOW DIAGNOSTICS; absent: they say less. */
  readonly selfReport?: SelfReport | undefined;
  /** Called once when a store can keep its promises no more: end the process, the journal makes that safe. */
  readonly onFatal: (error: unknown) => void;
}

/** All four services in this process, over a bus of its own. */
export interface Embedded {
  readonly gateway: Gateway;
  /** Finishes what is under way and lets go of everything, the data directory last. @throws what failed first, when all is let go */
  close(): Promise<void>;
}

interface Closable {
  close(): Promise<void>;
}

/** Names this process in the catalog: a data directory has one node, for ever. */
const NODE_NAME = 'embedded';
const CLUSTER_ID = 'embedded';

/**
 * Opens a data directory and starts the services in the order in which they need each other.
 * @throws DbError STORAGE_LOCKED, STORAGE_UNWRITABLE, STORAGE_CORRUPT, STORAGE_NEWER_FORMAT with a sentence for people
 */
export async function openEmbedded(ports: EmbeddedPorts, config: VarveConfig): Promise<Embedded> {
  const opened: Closable[] = [];
  const started: Service[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll({ opened, started }, ports.log));
  const keep = <Opened extends Closable>(each: Opened): Opened => {
    opened.push(each);
    return each;
  };
  try {
    const directory = config.dataDir;
    const lock = lockDataDirectory(directory);
    keep({ close: async () => lock.release() });
    const [raftLog, catalogStore, journal, shardStore, background] = await allOpened<[RaftLogStore, CatalogStore, Journal, ShardStore, Background<UpkeepTasks>]>([
      openRaftLogStore({ file: join(directory, 'raft.sqlite') }).then(keep),
      openCatalogStore({ file: join(directory, 'catalog.sqlite') }).then(keep),
      openJournal({ directory: join(directory, 'journal'), fileSizeBytesMax: config.journalFileSizeBytesMax }).then(keep),
      openShardStore({ directory: join(directory, 'shards'), openFileCountMax: LIMITS.openShardFileCountMax }).then(keep),
      openBackground<UpkeepTasks>(import.meta.resolve('@varve/data-shard-service/upkeep-tasks'), { name: 'background', isNicer: true }).then(keep),
    ]);
    const shared = { ...ports, onFatal: once(ports.onFatal), bus: keep(openInprocBus()) };
    const meta = createMetaRaft({ ...shared, raftLog, catalogStore }, { clusterId: CLUSTER_ID, peerId: 1, voters: [1], ...LIMITS });
    const node = { ...config, clusterId: CLUSTER_ID, nodeName: NODE_NAME };
    const data = createDataShard({ ...shared, journal, shardStore, background, openScanThread }, node);
    const coordinator = createCoordinator({ ...shared, passwords: openPasswordHasher(ports.random) }, node);
    for (const service of [meta, data, createRepair(shared, { ...node, hintSizeBytesMax: 0 }), coordinator]) {
      started.push(service); // Also when it does not start: stopping lets go of what it had begun.
      await service.start();
    }
    return { gateway: withHealthOf(coordinator, started), close };
  } catch (error) {
    await close().catch(() => undefined); // It has been logged; why nothing could be opened says more.
    throw error;
  }
}

function openScanThread(): Promise<Background<ScanTasks>> {
  return openBackground<ScanTasks>(import.meta.resolve('@varve/data-shard-service/scan-tasks'), { name: 'scan', isNicer: false, youngSizeMb: 16 });
}

/** Every part is closed, also after one that failed, the first one opened last. @throws what failed first */
async function closeAll({ opened, started }: { readonly opened: readonly Closable[]; readonly started: readonly Service[] }, log: Log): Promise<void> {
  const services = started.toReversed();
  const steps = [
    ...services.map((service) => () => service.drain()),
    ...services.map((service) => () => service.stop()),
    ...opened.toReversed().map((each) => () => each.close()),
  ];
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      log.error('A part of the database did not close well', { error });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Waits for all even when one fails, so that what did open can be closed again. */
async function allOpened<Stores extends readonly unknown[]>(openings: { readonly [Index in keyof Stores]: Promise<Stores[Index]> }): Promise<Stores> {
  const settled = await Promise.allSettled(openings);
  const failed = settled.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as Stores;
}

/** Two stores may fail for one reason. */
function once(call: (error: unknown) => void): (error: unknown) => void {
  let isCalled = false;
  return (error) => {
    if (!isCalled) call(error);
    isCalled = true;
  };
}

/** The gateway, honest about every service behind it. */
function withHealthOf(gateway: Gateway, services: readonly Service[]): Gateway {
  return {
    writePoints: (request) => gateway.writePoints(request),
    deletePoints: (request) => gateway.deletePoints(request),
    runQuery: (request) => gateway.runQuery(request),
    health: () => {
      const problems = services.flatMap((service) => service.problems());
      return { isPassing: problems.length === 0, problems };
    },
  };
}
