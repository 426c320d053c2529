import type { Bus, CatalogStore, Gateway, Journal, RaftLogStore, ShardStore } from '@varve/ports';
import { SILENT_LOG, SILENT_TRACER, SILENT_METRICS } from '@varve/ports';
import { createCoordinator } from '@varve/coordinator-service';
import { createDataShard } from '@varve/data-shard-service';
import * as upkeepTasks from '@varve/data-shard-service/upkeep-tasks';
import type { Service } from '@varve/kit';
import { createMetaRaft } from '@varve/meta-raft-service';
import { createRepair } from '@varve/repair-service';
import { SimCatalogStore } from './sim-catalog-store.ts';
import { openSimScanThread, SimBackground } from './sim-background.ts';
import { SimClock, SimRandom } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimJournal } from './sim-journal.ts';
import { SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimPasswordHasher } from './sim-password-hasher.ts';
import { SimProcess } from './sim-process.ts';
import { SimRaftLogStore } from './sim-raft-log-store.ts';
import type { SimScheduler } from './sim-scheduler.ts';
import { SimShardStore } from './sim-shard-store.ts';

/** The ports that a planted bug may get between a service and its world. */
export interface EmbeddedSeams {
  readonly journal: Journal;
  readonly shardStore: ShardStore;
  readonly raftLog: RaftLogStore;
  readonly catalogStore: CatalogStore;
  readonly dataBus: Bus;
  readonly coordinatorBus: Bus;
}

/** Changes seams; the right way to run changes none. */
export type SeamFilter = (seams: EmbeddedSeams) => EmbeddedSeams;

const CLUSTER = { clusterId: 'sim', nodeName: 'sim' } as const;

/**
 * The embedded shape in a simulation: all four services in one process, over a simulated bus and disk. The process dies
 * and comes back as often as wanted; the disk stays.
 */
export class SimEmbedded {
  readonly disk: SimDisk;
  readonly network: SimNetwork;
  /** Of the data node; a change counts from the next start on. Small and short, so that a simulated minute flushes often. */
  readonly memtables = { memtableSizeBytesMax: 4_000, flushAgeMsMax: 500 };
  /** Why a process ended itself, newest last. */
  readonly fatal: unknown[] = [];
  readonly #scheduler: SimScheduler;
  readonly #filter: SeamFilter;
  #run: { readonly process: SimProcess; readonly gateway: Gateway; readonly services: readonly Service[] } | undefined;

  constructor(scheduler: SimScheduler, faults: NetworkFaults, filter: SeamFilter = (seams) => seams) {
    this.#scheduler = scheduler;
    this.#filter = filter;
    this.disk = new SimDisk(scheduler, 'varve');
    this.network = new SimNetwork(scheduler, faults);
  }

  get gateway(): Gateway {
    if (this.#run === undefined) throw new Error('the simulated process is not running');
    return this.#run.gateway;
  }

  /** Starts a new process on the disk; resolves when it serves. */
  async start(): Promise<void> {
    const process = new SimProcess(this.#scheduler, 'varve');
    const shared = {
      clock: new SimClock(process),
      random: new SimRandom(process),
      log: SILENT_LOG,
      tracer: SILENT_TRACER,
      metrics: SILENT_METRICS,
      onFatal: (error: unknown) => {
        this.fatal.push(error);
        process.kill();
      },
    };
    const seams = this.#filter({
      journal: new SimJournal(process, this.disk),
      shardStore: new SimShardStore(process, this.disk),
      raftLog: new SimRaftLogStore(process, this.disk),
      catalogStore: new SimCatalogStore(process, this.disk),
      dataBus: this.network.connect(process),
      coordinatorBus: this.network.connect(process),
    });
    const bus = this.network.connect(process);
    const meta = createMetaRaft({ ...shared, ...seams, bus }, { ...CLUSTER, ...META_CONFIG });
    const data = createDataShard({ ...shared, ...seams, background: new SimBackground(process, upkeepTasks), openScanThread: () => openSimScanThread(process), bus: seams.dataBus }, { ...CLUSTER, ...DATA_CONFIG, ...this.memtables });
    const repair = createRepair({ ...shared, bus }, { ...CLUSTER, ...REPAIR_CONFIG });
    const coordinator = createCoordinator({ ...shared, bus: seams.coordinatorBus, passwords: new SimPasswordHasher(process) }, { ...CLUSTER, ...COORDINATOR_CONFIG });
    const services = [meta, data, repair, coordinator];
    this.#run = { process, gateway: coordinator, services };
    for (const service of services) await service.start();
  }

  /** As kill -9, at this very moment. */
  kill(): void {
    this.#run?.process.kill();
    this.#run = undefined;
  }
}

const META_CONFIG = { peerId: 1, voters: [1], snapshotEntryCount: 10, raftHeartbeatIntervalMs: 100, raftElectionTimeoutMs: 500, proposalCountMax: 100, proposalSizeBytesMax: 1_000_000, leaseAheadMsMax: 60_000 };
const DATA_CONFIG = { chunkCacheSizeBytesMax: 40_000, scanThreadCount: 1, shareSize: { cost: 1, rowCount: 2, seriesRowCount: 0 } };
const REPAIR_CONFIG = { retentionCheckIntervalMs: 60_000, precreationCheckIntervalMs: 60_000, precreationAdvanceMs: 60_000, hintSizeBytesMax: 100_000 };
const COORDINATOR_CONFIG = {
  writeTimeoutMs: 2_000,
  seriesCountMax: 0,
  queryTimeoutMs: 0,
  concurrentQueryCountMax: 0,
  selectBucketCountMax: 0,
  ...{ selectSeriesCountMax: 0, selectPointCountMax: 0, selectMemorySizeBytesMax: 0 },
  slowQueryMs: 0,
};
