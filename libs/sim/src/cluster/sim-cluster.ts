import { createCoordinator, type Coordinator } from '@varve/coordinator-service';
import { createDataShard } from '@varve/data-shard-service';
import * as upkeepTasks from '@varve/data-shard-service/upkeep-tasks';
import { CatalogFollower, LivenessView, type Service } from '@varve/kit';
import { createMetaRaft } from '@varve/meta-raft-service';
import type { NodeId } from '@varve/model';
import { SILENT_LOG, SILENT_METRICS, SILENT_TRACER, type Bus, type CatalogStore, type HintStore, type Journal, type RaftLogStore, type ShardStore } from '@varve/ports';
import { createRepair } from '@varve/repair-service';
import { subjectsOf } from '@varve/wire';
import { openSimScanThread, SimBackground } from '../sim-background.ts';
import { SimCatalogCache } from '../sim-catalog-cache.ts';
import { SimCatalogStore } from '../sim-catalog-store.ts';
import { SimClock, SimRandom } from '../sim-clock.ts';
import { SimHintStore } from '../sim-hint-store.ts';
import { SimJournal } from '../sim-journal.ts';
import { SimMetrics } from '../sim-metrics.ts';
import type { SimNetwork } from '../sim-network.ts';
import { SimPasswordHasher } from '../sim-password-hasher.ts';
import { SimProcess } from '../sim-process.ts';
import { SimRaftLogStore } from '../sim-raft-log-store.ts';
import type { SimScheduler } from '../sim-scheduler.ts';
import { SimShardStore } from '../sim-shard-store.ts';
import { SimNode } from './sim-node.ts';

/** The ports that a planted bug may get between the services and their world. */
export interface ClusterSeams {
  readonly coordinatorBus: (bus: Bus, nodeName: string) => Bus;
  readonly dataBus: (bus: Bus, nodeName: string) => Bus;
  readonly repairBus: (bus: Bus, nodeName: string) => Bus;
  readonly metaBus: (bus: Bus, nodeName: string) => Bus;
  readonly journal: (journal: Journal, nodeName: string) => Journal;
  readonly shardStore: (store: ShardStore, nodeName: string) => ShardStore;
  readonly hintStore: (store: HintStore) => HintStore;
  readonly raftLog: (store: RaftLogStore) => RaftLogStore;
  readonly catalogStore: (store: CatalogStore) => CatalogStore;
}

const same = <Port>(port: Port): Port => port;
const RIGHT: ClusterSeams = {
  ...{ coordinatorBus: same, dataBus: same, repairBus: same, metaBus: same },
  ...{ journal: same, shardStore: same, hintStore: same, raftLog: same, catalogStore: same },
};

/** Three meta nodes, three data nodes, two coordinators and a repair node, each a process on a machine of its own. */
export class SimCluster {
  readonly metrics = new SimMetrics();
  /** Why processes ended themselves. */
  readonly fatal: unknown[] = [];
  readonly metas: readonly SimNode<Service>[];
  readonly datas: readonly SimNode<Service>[];
  readonly coordinators: readonly SimNode<Coordinator>[];
  readonly repairs: readonly SimNode<Service>[];
  readonly #network: SimNetwork;
  readonly #seams: ClusterSeams;
  /** They look on. */
  readonly #catalog: CatalogFollower;
  readonly #liveness: LivenessView;

  constructor(scheduler: SimScheduler, network: SimNetwork, seams: Partial<ClusterSeams> = {}, options: Partial<typeof COORDINATOR_CONFIG> = {}) {
    this.#network = network;
    this.#seams = { ...RIGHT, ...seams };
    const watcher = new SimProcess(scheduler, 'watcher');
    const watching = { bus: network.connect(watcher), clock: new SimClock(watcher), log: SILENT_LOG, metrics: SILENT_METRICS };
    const subjects = subjectsOf(CLUSTER.clusterId);
    this.#catalog = new CatalogFollower(watching, { subjects });
    this.#liveness = new LivenessView(watching, subjects);
    const voters = [1, 2, 3];
    this.metas = voters.map((peerId) => this.#node(scheduler, `meta${peerId}`, 'metaBus', (ports, { process, disk }) =>
      createMetaRaft(
        { ...ports, raftLog: this.#seams.raftLog(new SimRaftLogStore(process, disk)), catalogStore: this.#seams.catalogStore(new SimCatalogStore(process, disk)) },
        { ...CLUSTER, peerId, voters, ...META_CONFIG },
      )));
    this.datas = Array.from({ length: REPLICA_COUNT }, (_, at) => at + 1).map((number) => this.#node(scheduler, `data${number}`, 'dataBus', (ports, { process, disk }) =>
      createDataShard(
        { ...ports, journal: this.#seams.journal(new SimJournal(process, disk), process.name), shardStore: this.#seams.shardStore(new SimShardStore(process, disk), process.name), background: new SimBackground(process, upkeepTasks), openScanThread: () => openSimScanThread(process), catalogCache: new SimCatalogCache(process, disk) },
        { ...CLUSTER, nodeName: `data${number}`, ...DATA_CONFIG },
      )));
    this.coordinators = [1, 2].map((number) => this.#node(scheduler, `coordinator${number}`, 'coordinatorBus', (ports, { process, disk }) =>
      createCoordinator({ ...ports, catalogCache: new SimCatalogCache(process, disk), passwords: new SimPasswordHasher(process) }, { ...CLUSTER, nodeName: `coordinator${number}`, ...COORDINATOR_CONFIG, ...options })));
    this.repairs = [1].map((number) => this.#node(scheduler, `repair${number}`, 'repairBus', (ports, { process, disk }) =>
      createRepair({ ...ports, hintStore: this.#seams.hintStore(new SimHintStore(process, disk)), catalogCache: new SimCatalogCache(process, disk) }, { ...CLUSTER, nodeName: `repair${number}`, ...REPAIR_CONFIG })));
  }

  get nodes(): readonly SimNode<Service>[] {
    return [...this.metas, ...this.datas, ...this.coordinators, ...this.repairs];
  }

  /** Starts all processes; resolves when the catalog can be followed. */
  async start(): Promise<void> {
    for (const node of this.nodes) node.start();
    this.#liveness.start();
    await this.#catalog.start();
  }

  /** Of the data nodes that have joined. */
  dataNodeIds(): readonly NodeId[] {
    return [...this.#catalog.catalog.nodes.values()].filter(({ role }) => role === 'data').map(({ id }) => id);
  }

  /** Every data node lives, and has caught up with all its shards. */
  get isServing(): boolean {
    return this.dataNodeIds().every((node) => this.#liveness.isServing(node));
  }

  #node<Made extends Service>(scheduler: SimScheduler, name: string, bus: BusSeam, make: (ports: SharedPorts, on: { readonly process: SimProcess; readonly disk: SimNode<Made>['disk'] }) => Made): SimNode<Made> {
    const skewMs = scheduler.prngOf('clocks').between(-SKEW_MS_MAX, SKEW_MS_MAX);
    return new SimNode(scheduler, name, (process, disk) => {
      const connection = this.#network.connect(process);
      const ports = {
        ...{ bus: this.#seams[bus](connection, name), clock: new SimClock(process, { skewMs }), random: new SimRandom(process), log: SILENT_LOG, metrics: this.metrics, tracer: SILENT_TRACER },
        onFatal: (error: unknown) => {
          this.fatal.push(error);
          process.kill();
        },
      };
      return { service: make(ports, { process, disk }), cutOff: () => connection.cutOff(), reconnect: () => connection.reconnect() };
    });
  }
}

type BusSeam = 'coordinatorBus' | 'dataBus' | 'repairBus' | 'metaBus';

interface SharedPorts {
  readonly bus: Bus;
  readonly clock: SimClock;
  readonly random: SimRandom;
  readonly log: typeof SILENT_LOG;
  readonly metrics: SimMetrics;
  readonly tracer: typeof SILENT_TRACER;
  readonly onFatal: (error: unknown) => void;
}

/** How wrong a machine's wall clock is. */
const SKEW_MS_MAX = 2_000;
/** Copies of every shard. */
export const REPLICA_COUNT = 3;
const CLUSTER = { clusterId: 'sim' } as const;
/** Small and short, so that a simulated minute sees much of everything. */
const META_CONFIG = { snapshotEntryCount: 20, raftHeartbeatIntervalMs: 100, raftElectionTimeoutMs: 500, proposalCountMax: 100, proposalSizeBytesMax: 1_000_000, leaseAheadMsMax: 60_000 };
const DATA_CONFIG = { memtableSizeBytesMax: 4_000, flushAgeMsMax: 2_000, chunkCacheSizeBytesMax: 40_000, scanThreadCount: 1, shareSize: { cost: 1, rowCount: 2, seriesRowCount: 0 } };
const REPAIR_CONFIG = { retentionCheckIntervalMs: 60_000, precreationCheckIntervalMs: 60_000, precreationAdvanceMs: 60_000, hintSizeBytesMax: 20_000 };
const COORDINATOR_CONFIG = {
  ...{ writeTimeoutMs: 2_000, queryTimeoutMs: 20_000, concurrentQueryCountMax: 0, slowQueryMs: 0, seriesCountMax: 0 },
  ...{ selectBucketCountMax: 0, selectSeriesCountMax: 0, selectPointCountMax: 0, selectMemorySizeBytesMax: 0 },
};
