import { DbError, type ErrorCode } from '@varve/base';
import { isOpenIncarnation } from '@varve/catalog';
import { LIMITS } from '@varve/config';
import { CatalogClient, CatalogFollower, Heartbeat, joinNode, LivenessView, newBootId, type Service } from '@varve/kit';
import type { Catalog, NodeId, ShardId, TimeRange } from '@varve/model';
import { allShards } from '@varve/placement';
import type { Subscription } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { subjectsOf, type Subjects } from '@varve/wire';
import { Joining } from './joining.ts';
import { OwnEcho } from './own-echo.ts';
import { ChunkCache } from './chunk-cache.ts';
import { Damage } from './damage.ts';
import type { DataShardConfig, DataShardPorts } from './ports.ts';
import { Pulls } from './pull-path.ts';
import { Recovery, type Recovered } from './recovery.ts';
import { ScanThreads } from './scan-threads.ts';
import { serveRequests } from './serve-requests.ts';
import type { ShardReplica } from './shard-replica.ts';
import { StatementTurns } from './statement-turns.ts';
import { maybeTrim, Trims } from './trim.ts';
import { Upkeep } from './upkeep.ts';
import { WritePath } from './write-path.ts';

/** A data node: owns shard replicas and answers for them. Its durable state is the journal and the shard store. */
export function createDataShard(ports: DataShardPorts, config: DataShardConfig): Service {
  return new DataShard(ports, config);
}

/** A file or a journal row is not as it was written. */
const DAMAGE_CODES: ReadonlySet<ErrorCode> = new Set(['STORAGE_CORRUPT', 'FRAME_INVALID']);

/** A shard of the newest catalog that lists this node as an owner. */
interface OwnedShard {
  readonly epoch: number;
  readonly range: TimeRange;
  readonly others: readonly NodeId[];
}

/** What lives from the moment on in which the node knows its id. */
interface Running {
  readonly id: NodeId;
  readonly writePath: WritePath;
  readonly pulls: Pulls;
  readonly heartbeat: Heartbeat;
  readonly joining: Joining;
  readonly echo: OwnEcho;
  readonly trims: Trims;
}

class DataShard implements Service {
  readonly #ports: DataShardPorts;
  readonly #config: DataShardConfig;
  readonly #subjects: Subjects;
  readonly #follower: CatalogFollower;
  readonly #liveness: LivenessView;
  readonly #replicas = new Map<ShardId, ShardReplica>();
  readonly #upkeep: Upkeep;
  readonly #cache: ChunkCache;
  readonly #scanThreads: ScanThreads;
  readonly #damage: Damage;
  readonly #recovery: Recovery;
  /** Of shards that cannot be opened: what refuses their frames. */
  readonly #refusing = new Map<ShardId, Subscription>();
  #subscriptions: readonly Subscription[] = [];
  #owned: ReadonlyMap<ShardId, OwnedShard> = new Map();
  #running: Running | undefined;
  /** Why this node cannot keep its promises any more. */
  #failure: unknown;
  /** The newest catalog for which this node listens for all shards that it owns there. */
  #workedOffVersion = 0;
  /** Catalog changes are worked off one after the other; resolves when the newest is. */
  #following: Promise<void> = Promise.resolve();
  /** Files of dropped shards are let go one after the other. */
  #forgetting: Promise<void> = Promise.resolve();

  constructor(ports: DataShardPorts, config: DataShardConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#subjects = subjectsOf(config.clusterId);
    this.#follower = new CatalogFollower(ports, { subjects: this.#subjects });
    this.#liveness = new LivenessView(ports, this.#subjects);
    this.#damage = new Damage(ports);
    this.#upkeep = new Upkeep({ ...ports, damage: this.#damage }, config, this.#replicas);
    this.#scanThreads = new ScanThreads(ports, config);
    this.#cache = new ChunkCache(this.#scanThreads.cacheSizeBytesMaxHere);
    this.#recovery = new Recovery({ ...ports, damage: this.#damage }, { sizeBytesMax: config.memtableSizeBytesMax, openSizeBytes: () => this.#upkeep.memtableSizeBytes });
  }

  async start(): Promise<void> {
    this.#liveness.start();
    await this.#follower.start();
    this.#running = this.#assemble(await this.#join());
    await this.#followFirst();
    await this.#forgetDropped(this.#follower.catalog);
    this.#subscriptions = this.#serve(this.#running);
    this.#upkeep.start();
    this.#running.trims.start();
    this.#running.joining.begin(this.#replicas.values());
    await this.#ports.bus.subscribed();
    this.#running.heartbeat.start(); // Behind the line before: the first one already says that it is joining.
  }

  async drain(): Promise<void> {
    await this.#following;
    await this.#forgetting;
    await Promise.all([...this.#replicas.values()].map(({ journaling }) => Promise.allSettled([...journaling])));
    await this.#running?.writePath.drain();
  }

  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const { subscription } of this.#replicas.values()) subscription?.unsubscribe();
    for (const subscription of this.#refusing.values()) subscription.unsubscribe();
    this.#running?.heartbeat.stop();
    this.#running?.echo.stop();
    this.#running?.trims.stop();
    await this.#running?.joining.stop();
    await this.#follower.stop();
    this.#liveness.stop();
    await this.#running?.writePath.drain(); // Frames came until the subscriptions ended, and acks of some are held back.
    await this.#upkeep.stop();
    await this.#scanThreads.close();
  }

  problems(): readonly string[] {
    const failed = this.#failure === undefined ? [] : ['the journal cannot be written any more'];
    return [...failed, ...this.#damage.problems(), ...this.#upkeep.problems(), ...this.#follower.problems()];
  }

  #join(): Promise<NodeId> {
    const { clock, log } = this.#ports;
    const { nodeName: name } = this.#config;
    const client = new CatalogClient(this.#ports, { subjects: this.#subjects, proposer: name });
    return joinNode({ client, follower: this.#follower, clock, log }, { role: 'data', name });
  }

  /** The parts that know this node's id. */
  #assemble(id: NodeId): Running {
    const ports = { ...this.#ports, liveness: this.#liveness, subjects: this.#subjects };
    const version = (): number => this.#workedOffVersion;
    const replicas = (): Iterable<ShardReplica> => this.#replicas.values();
    const writePath = new WritePath({ ...this.#ports, onFatal: (error) => this.#fail(error) }, {
      id,
      epochOf: (shard) => this.#owned.get(shard)?.epoch,
      isOpen: (incarnation) => isOpenIncarnation(this.#follower.catalog, incarnation),
      fullness: () => this.#upkeep.fullness,
      onInserted: (replica) => this.#onInserted(replica),
    });
    const pulls = new Pulls(this.#ports, this.#subjects, (replica, frame) => writePath.storeFromPeer(replica, frame));
    const boot = newBootId(this.#ports.random);
    const heartbeat = new Heartbeat(this.#ports, this.#subjects, { id, role: 'data', boot }, () => ({
      isJoining: joining.isJoining,
      version: this.#workedOffVersion,
    }));
    const joining = new Joining({ ...ports, pulls }, { id, replicas, version, onChange: () => heartbeat.now() });
    const echo = new OwnEcho(this.#ports, this.#subjects, id, () => joining.begin(this.#replicas.values()));
    const trims = new Trims({ ...ports }, { replicas, version });
    return { id, writePath, pulls, heartbeat, joining, echo, trims };
  }

  #serve({ id, writePath, pulls, echo }: Running): readonly Subscription[] {
    const { bus, clock, log, tracer, journal, shardStore } = this.#ports;
    const replicaOf = (shard: ShardId, version: number): Promise<ShardReplica | undefined> => this.#replicaOf(shard, version);
    const from = { replicaOf, checkJoining: () => echo.check(), damage: this.#damage, shardStore, cache: this.#cache, clock, turns: new StatementTurns(clock), threads: this.#scanThreads, tracer };
    const catchUp = async (version: number): Promise<number> => {
      await this.#follower.waitFor(version);
      await this.#following;
      return this.#workedOffVersion;
    };
    return serveRequests({ bus, clock, log, journal, subjects: this.#subjects, node: id, from, writePath, pulls, catchUp, onWatermark: (replica) => this.#onWatermark(replica) });
  }

  /** A shard that is not here may be newer than the catalog that this node has worked off. */
  async #replicaOf(shard: ShardId, version: number): Promise<ShardReplica | undefined> {
    if (!this.#replicas.has(shard)) {
      await this.#follower.waitFor(version);
      await this.#following;
    }
    return this.#replicas.get(shard);
  }

  /** What changes while the first catalog is worked off comes after it. */
  async #followFirst(): Promise<void> {
    const extents = await this.#ports.journal.extents();
    this.#recovery.expect(extents.reduce((sum, { firstSeq, lastSeq }) => sum + lastSeq - firstSeq + 1, 0));
    const first = this.#follow(this.#follower.catalog);
    this.#following = first.catch(() => undefined); // `start` rejects with it.
    this.#follower.onChange((catalog) => void this.#followLater(catalog));
    await first;
    await this.#following;
  }

  /** A node that cannot follow the catalog must not answer for it. */
  #followLater(catalog: Catalog): Promise<void> {
    this.#following = this.#following.then(() => this.#follow(catalog)).catch((error: unknown) => this.#fail(error));
    return this.#following;
  }

  /** Opens what this node now owns, drops what the catalog has dropped. */
  async #follow(catalog: Catalog): Promise<void> {
    if (catalog.version < this.#workedOffVersion) return;
    const owned = ownedBy(catalog, this.#running!.id);
    for (const replica of [...this.#replicas.values()]) if (!owned.has(replica.shard)) this.#drop(replica);
    for (const shard of this.#damage.shards) if (!owned.has(shard)) this.#dropDamaged(shard);
    this.#owned = owned;
    const missing = [...owned].filter(([shard]) => !this.#replicas.has(shard) && !this.#refusing.has(shard));
    for (const [shard, { others }] of owned) {
      const replica = this.#replicas.get(shard);
      if (replica !== undefined) replica.others = others;
    }
    for (let first = 0; first < missing.length; first += LIMITS.shardOpeningCountMax) {
      await Promise.all(missing.slice(first, first + LIMITS.shardOpeningCountMax).map(([shard, each]) => this.#open(shard, each)));
    }
    if (missing.length > 0) {
      await this.#ports.bus.subscribed();
      // Behind the start, which lets all join: the copy of the catalog with which the node began alone may have been from before these shards.
      const mayLack = this.#follower.hasBegunAlone && this.#workedOffVersion > 0;
      if (mayLack) this.#running!.joining.begin(missing.flatMap(([shard]) => this.#replicas.get(shard) ?? []));
    }
    this.#workedOffVersion = catalog.version;
  }

  /** Y6: a shard that is damaged is refused; the node goes on with the others. */
  async #open(shard: ShardId, { range, others }: OwnedShard): Promise<void> {
    try {
      await this.#recovery.open({ shard, range, others }, (recovered) => this.#serveShard(recovered));
    } catch (error) {
      if (!(error instanceof DbError) || !DAMAGE_CODES.has(error.code)) throw error;
      this.#damage.cannotOpen(shard, range, error);
      const refusal = this.#damage.refusalOf(shard)!;
      this.#refusing.set(shard, this.#ports.bus.subscribe(this.#subjects.shardWrite(shard), (message) => this.#running!.writePath.refuse(shard, message, refusal)));
    }
  }

  async #serveShard({ replica, wasFlushed }: Recovered): Promise<void> {
    const { shard } = replica;
    // A crash between a flush and its trim left rows that nobody would trim if the shard were never written again.
    await maybeTrim(this.#ports, replica);
    replica.subscription = this.#ports.bus.subscribe(this.#subjects.shardWrite(shard), (message) => {
      this.#running!.writePath.onFrame(replica, message).catch((error: unknown) => this.#fail(error));
    });
    this.#replicas.set(shard, replica);
    if (wasFlushed) this.#upkeep.mergeSoon(replica);
  }

  /** From here on nobody finds it. Its files are let go behind: a shard that comes after it waits for no disk. */
  #drop(replica: ShardReplica): void {
    replica.isDropped = true;
    replica.subscription?.unsubscribe();
    this.#replicas.delete(replica.shard);
    this.#forgetting = this.#forgetting.then(() => this.#forget(replica)).catch((error: unknown) => this.#fail(error));
  }

  /**
   * Lets go of shards that were dropped while this node was down. An id below the catalog's next one that is not in the
   * catalog was dropped; one at or above it is newer than this catalog, and stays.
   */
  async #forgetDropped(catalog: Catalog): Promise<void> {
    const { journal, shardStore } = this.#ports;
    const isGone = (shard: ShardId): boolean => shard < catalog.nextId && !this.#owned.has(shard);
    for (const { shard, lastSeq } of await journal.extents()) if (isGone(shard)) await journal.trim(shard, lastSeq);
    for (const shard of await shardStore.shards()) if (isGone(shard)) await shardStore.drop(shard);
  }

  /** As `#drop`. Which journal rows it has is not known; they go with the next start. */
  #dropDamaged(shard: ShardId): void {
    this.#refusing.get(shard)?.unsubscribe();
    this.#refusing.delete(shard);
    this.#damage.forget(shard);
    this.#forgetting = this.#forgetting.then(() => this.#ports.shardStore.drop(shard)).catch((error: unknown) => this.#fail(error));
  }

  async #forget({ shard, nextSeq }: ShardReplica): Promise<void> {
    await this.#upkeep.forget(shard);
    this.#damage.forget(shard);
    await this.#ports.journal.trim(shard, nextSeq - 1);
    await this.#ports.shardStore.drop(shard);
  }

  /** The process ends; what fails behind the first failure says no more. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#ports.onFatal(error);
  }

  #onWatermark(replica: ShardReplica): void {
    this.#ports.metrics.add(names.watermarksTaken, 1);
    if (replica.table.tombstoneCount > 0) this.#upkeep.mergeSoon(replica);
  }

  #onInserted(replica: ShardReplica): void {
    replica.dirtySinceMs ??= this.#ports.clock.monotonicMs();
    this.#upkeep.maybeRun();
  }
}

function ownedBy(catalog: Catalog, node: NodeId): Map<ShardId, OwnedShard> {
  const owned = allShards(catalog).filter(({ shard }) => shard.owners.includes(node));
  return new Map(
    owned.map(({ shard: { id, epoch, owners }, range }) => [id, { epoch, range, others: owners.filter((owner) => owner !== node) }]),
  );
}
