import { assert, type TimestampNs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { CatalogClient, CatalogFollower, Heartbeat, newBootId, serve, serveStream, type Service } from '@varve/kit';
import type { Catalog, NodeId, ShardId } from '@varve/model';
import type { Subscription } from '@varve/ports';
import { subjectsOf, type Subjects } from '@varve/wire';
import { PayloadCache } from './payload-cache.ts';
import type { DataShardConfig, DataShardPorts } from './ports.ts';
import { produceQuery } from './query-path.ts';
import { produceSeries } from './series-path.ts';
import { recoverShard } from './recovery.ts';
import type { ShardReplica } from './shard-replica.ts';
import { trimJournal } from './trim.ts';
import { Upkeep } from './upkeep.ts';
import { WritePath } from './write-path.ts';

/** A data node: owns shard replicas and answers for them. Its durable state is the journal and the shard store. */
export function createDataShard(ports: DataShardPorts, config: DataShardConfig): Service {
  return new DataShard(ports, config);
}

/** A shard of the newest catalog that lists this node as an owner. */
interface OwnedShard {
  readonly epoch: number;
  readonly startNs: TimestampNs;
}

class DataShard implements Service {
  readonly #ports: DataShardPorts;
  readonly #config: DataShardConfig;
  readonly #subjects: Subjects;
  readonly #follower: CatalogFollower;
  readonly #replicas = new Map<ShardId, ShardReplica>();
  readonly #upkeep: Upkeep;
  readonly #cache: PayloadCache;
  readonly #subscriptions: Subscription[] = [];
  #owned: ReadonlyMap<ShardId, OwnedShard> = new Map();
  #node: NodeId = 0;
  /** The newest catalog for which this node listens for all shards that it owns there. */
  #workedOffVersion = 0;
  #writePath: WritePath | undefined;
  #heartbeat: Heartbeat | undefined;
  /** Catalog changes are worked off one after the other; resolves when the newest is. */
  #following: Promise<void> = Promise.resolve();

  constructor(ports: DataShardPorts, config: DataShardConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#subjects = subjectsOf(config.clusterId);
    this.#follower = new CatalogFollower(ports, { subjects: this.#subjects });
    this.#upkeep = new Upkeep(ports, config, this.#replicas);
    this.#cache = new PayloadCache(config.payloadCacheSizeBytesMax);
  }

  async start(): Promise<void> {
    await this.#follower.start();
    this.#node = await this.#join();
    this.#writePath = new WritePath(this.#ports, {
      id: this.#node,
      epochOf: (shard) => this.#owned.get(shard)?.epoch,
      isOverloaded: () => this.#upkeep.isBehind,
      onInserted: (replica) => this.#onInserted(replica),
    });
    await this.#follow(this.#follower.catalog);
    await this.#forgetDropped(this.#follower.catalog);
    this.#follower.onChange((catalog) => {
      this.#following = this.#following.then(() => this.#follow(catalog)).catch((error: unknown) => this.#ports.onFatal(error));
    });
    this.#serveRequests();
    this.#upkeep.start();
    const node = { id: this.#node, role: 'data', boot: newBootId(this.#ports.random) } as const;
    this.#heartbeat = new Heartbeat(this.#ports, this.#subjects, node, () => ({ isJoining: false, version: this.#workedOffVersion }));
    this.#heartbeat.start();
  }

  async drain(): Promise<void> {
    await this.#following;
  }

  async stop(): Promise<void> {
    this.#heartbeat?.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const { subscription } of this.#replicas.values()) subscription?.unsubscribe();
    this.#follower.stop();
    await this.#upkeep.stop();
  }

  problems(): readonly string[] {
    return this.#upkeep.problems();
  }

  /** The same name always gets the same id. */
  async #join(): Promise<NodeId> {
    const client = new CatalogClient(this.#ports, { subjects: this.#subjects, proposer: this.#config.nodeName });
    const { result, version } = await client.propose({ kind: 'joinNode', role: 'data', name: this.#config.nodeName });
    assert(result.kind === 'applied' && result.id !== undefined, `node "${this.#config.nodeName}" cannot join`);
    await this.#follower.waitFor(version);
    return result.id;
  }

  #serveRequests(): void {
    const { bus, clock, log, shardStore } = this.#ports;
    const idleTimeoutMs = LIMITS.streamIdleTimeoutMs;
    const from = { replicaOf: (shard: ShardId, version: number) => this.#replicaOf(shard, version), shardStore, cache: this.#cache, clock };
    this.#subscriptions.push(
      serve({ bus, log }, { subject: this.#subjects.dataReady(this.#node), askedKind: 'dataReady', answerKind: 'dataReadyIs' }, async ({ header }) => {
        await this.#follower.waitFor(header.version);
        await this.#following;
        return { header: { version: this.#workedOffVersion } };
      }),
      serveStream({ bus, clock, log }, { subject: this.#subjects.dataQuery(this.#node), askedKind: 'dataQuery', idleTimeoutMs }, (asked, signal) =>
        produceQuery(from, asked, signal),
      ),
      serveStream({ bus, clock, log }, { subject: this.#subjects.dataSeries(this.#node), askedKind: 'dataSeries', idleTimeoutMs }, (asked, signal) =>
        produceSeries(from, asked, signal),
      ),
    );
  }

  /** A shard that is not here may be newer than the catalog that this node has worked off. */
  async #replicaOf(shard: ShardId, version: number): Promise<ShardReplica | undefined> {
    if (!this.#replicas.has(shard)) {
      await this.#follower.waitFor(version);
      await this.#following;
    }
    return this.#replicas.get(shard);
  }

  /** Opens what this node now owns, drops what the catalog has dropped. */
  async #follow(catalog: Catalog): Promise<void> {
    const owned = ownedBy(catalog, this.#node);
    for (const replica of [...this.#replicas.values()]) {
      if (!owned.has(replica.shard)) await this.#drop(replica);
    }
    this.#owned = owned;
    for (const [shard, { startNs }] of owned) {
      if (!this.#replicas.has(shard)) await this.#open(shard, startNs);
    }
    this.#workedOffVersion = catalog.version;
  }

  async #open(shard: ShardId, startNs: TimestampNs): Promise<void> {
    const replica = await recoverShard(this.#ports, { shard, startNs });
    // A crash between a flush and its trim left rows that nobody would trim if the shard were never written again.
    await trimJournal(this.#ports.journal, replica);
    if (replica.table.lastSeq > replica.table.flushedSeq) replica.dirtySinceMs = this.#ports.clock.monotonicMs();
    replica.subscription = this.#ports.bus.subscribe(this.#subjects.shardWrite(shard), (message) => {
      this.#writePath!.onFrame(replica, message).catch((error: unknown) => this.#ports.onFatal(error));
    });
    this.#replicas.set(shard, replica);
  }

  async #drop(replica: ShardReplica): Promise<void> {
    replica.isDropped = true;
    replica.subscription?.unsubscribe();
    this.#replicas.delete(replica.shard);
    await this.#upkeep.idle();
    await this.#forget(replica.shard, replica.nextSeq - 1);
  }

  /**
   * Lets go of shards that were dropped while this node was down. An id below the catalog's next one that is not in the
   * catalog was dropped; one at or above it is newer than this catalog, and stays.
   */
  async #forgetDropped(catalog: Catalog): Promise<void> {
    const { journal, shardStore } = this.#ports;
    const isGone = (shard: ShardId): boolean => shard < catalog.nextId && !this.#replicas.has(shard);
    for (const { shard, lastSeq } of await journal.extents()) if (isGone(shard)) await journal.trim(shard, lastSeq);
    for (const shard of await shardStore.shards()) if (isGone(shard)) await shardStore.drop(shard);
  }

  async #forget(shard: ShardId, lastSeq: number): Promise<void> {
    await this.#ports.journal.trim(shard, lastSeq);
    await this.#ports.shardStore.drop(shard);
  }

  #onInserted(replica: ShardReplica): void {
    replica.dirtySinceMs ??= this.#ports.clock.monotonicMs();
    this.#upkeep.maybeRun();
  }
}

function ownedBy(catalog: Catalog, node: NodeId): Map<ShardId, OwnedShard> {
  const owned = new Map<ShardId, OwnedShard>();
  for (const database of catalog.databases.values()) {
    for (const policy of database.retentionPolicies.values()) {
      for (const { range, shards } of policy.shardGroups) {
        for (const { id, epoch, owners } of shards) if (owners.includes(node)) owned.set(id, { epoch, startNs: range.startNs });
      }
    }
  }
  return owned;
}
