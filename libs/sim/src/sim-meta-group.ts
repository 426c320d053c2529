import type { Service } from '@varve/kit';
import { createMetaRaft, type MetaRaftConfig } from '@varve/meta-raft-service';
import { SILENT_LOG, SILENT_METRICS, type Log, type MetaControl, type Metrics } from '@varve/ports';
import { SimCatalogStore } from './sim-catalog-store.ts';
import { SimClock, SimRandom } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import type { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimRaftLogStore } from './sim-raft-log-store.ts';
import type { SimScheduler } from './sim-scheduler.ts';

/** A meta node that runs. */
export interface SimMeta {
  readonly process: SimProcess;
  readonly service: Service & MetaControl;
}

/** Small, so that a short run takes snapshots. */
const CONFIG = { clusterId: 'sim', snapshotEntryCount: 10, raftHeartbeatIntervalMs: 100, raftElectionTimeoutMs: 500, proposalCountMax: 100, proposalSizeBytesMax: 100_000, leaseAheadMsMax: 60_000 };

/** The meta nodes of a simulated cluster, `meta1` and so on, each a process with a disk of its own. */
export class SimMetaGroup {
  readonly peers: readonly number[];
  /** May be replaced while the peer does not run: by another disk, or by a copy from another time. */
  readonly disks: Map<number, SimDisk>;
  /** Why processes ended themselves. */
  readonly fatal: unknown[] = [];
  readonly #scheduler: SimScheduler;
  readonly #network: SimNetwork;
  readonly #config: MetaRaftConfig;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #createService: typeof createMetaRaft;
  readonly #running = new Map<number, SimMeta>();

  constructor(
    scheduler: SimScheduler,
    network: SimNetwork,
    options: {
      readonly peerCount: number;
      readonly log?: Log;
      readonly metrics?: Metrics;
      /** Instead of the real one: for planted mistakes. */
      readonly createService?: typeof createMetaRaft;
    },
  ) {
    const { peerCount, log = SILENT_LOG, metrics = SILENT_METRICS, createService = createMetaRaft } = options;
    this.#scheduler = scheduler;
    this.#network = network;
    this.#log = log;
    this.#metrics = metrics;
    this.#createService = createService;
    this.peers = Array.from({ length: peerCount }, (_, at) => at + 1);
    this.disks = new Map(this.peers.map((peer) => [peer, new SimDisk(scheduler, nameOf(peer))]));
    this.#config = { ...CONFIG, peerId: 0, voters: this.peers };
  }

  /** Those that run, by peer id. */
  get running(): ReadonlyMap<number, SimMeta> {
    return this.#running;
  }

  /** A new process on the peer's disk, which is made when there is none; resolves when it takes part. */
  start(peer: number, config: Partial<MetaRaftConfig> = {}): Promise<void> {
    const process = new SimProcess(this.#scheduler, nameOf(peer));
    const disk = this.disks.get(peer) ?? new SimDisk(this.#scheduler, nameOf(peer));
    this.disks.set(peer, disk);
    const ports = {
      bus: this.#network.connect(process),
      clock: new SimClock(process),
      random: new SimRandom(process),
      log: this.#log,
      metrics: this.#metrics,
      raftLog: new SimRaftLogStore(process, disk),
      catalogStore: new SimCatalogStore(process, disk),
      onFatal: (error: unknown) => {
        this.fatal.push(error);
        process.kill();
      },
    };
    const service = this.#createService(ports, { ...this.#config, peerId: peer, ...config });
    this.#running.set(peer, { process, service });
    return service.start();
  }

  /** As kill -9. */
  kill(peer: number): void {
    this.#running.get(peer)?.process.kill();
    this.#running.delete(peer);
  }
}

function nameOf(peer: number): string {
  return `meta${peer}`;
}
