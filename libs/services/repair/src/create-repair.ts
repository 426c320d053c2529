import { LIMITS } from '@varve/config';
import { CatalogClient, CatalogFollower, Heartbeat, joinNode, LivenessView, newBootId, type Service } from '@varve/kit';
import type { Catalog, CatalogCommand, CommandResult, ShardId } from '@varve/model';
import { allShards, type PlacedShard } from '@varve/placement';
import type { HintStore, Subscription } from '@varve/ports';
import { subjectsOf, type Subjects } from '@varve/wire';
import { IncarnationCloser } from './close-incarnations.ts';
import { HintDrain, type ShardFate } from './hint-drain.ts';
import { HintLog } from './hint-log.ts';
import type { RepairConfig, RepairPorts } from './ports.ts';
import { clearMarks, pullWhatIsMissing } from './reconcile.ts';
import { enforceRetention, precreateGroups } from './retention.ts';
import { Rounds } from './rounds.ts';
import { serveHints } from './serve-hints.ts';
import { survey } from './survey.ts';
import { turnOf } from './turns.ts';
import { voidNumbers } from './void-numbers.ts';
import { Watermarks } from './watermarks.ts';

/**
 * Keeps the cluster in shape. From the catalog alone: retention, precreation, leases that ran out. Watermarks. With a hint store: hints
 * and their delivery, owners that compare what they have, numbers that nobody holds.
 */
export function createRepair(ports: RepairPorts, config: RepairConfig): Service {
  return new Repair(ports, config);
}

/** What a node with a hint store runs. */
interface HintParts {
  readonly log: HintLog;
  readonly drain: HintDrain;
  readonly heartbeat: Heartbeat;
  readonly subscriptions: readonly Subscription[];
}

class Repair implements Service {
  readonly #ports: RepairPorts;
  readonly #config: RepairConfig;
  readonly #subjects: Subjects;
  readonly #follower: CatalogFollower;
  readonly #client: CatalogClient;
  readonly #liveness: LivenessView;
  readonly #rounds: Rounds;
  readonly #watermarks: Watermarks;
  #hints: HintParts | undefined;
  #shards: ReadonlyMap<ShardId, PlacedShard> = new Map();
  #roundNumber = 0;
  #watermarkRoundNumber = 0;

  constructor(ports: RepairPorts, config: RepairConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#subjects = subjectsOf(config.clusterId);
    this.#follower = new CatalogFollower(ports, { subjects: this.#subjects });
    this.#client = new CatalogClient(ports, { subjects: this.#subjects, proposer: config.nodeName });
    this.#liveness = new LivenessView(ports, this.#subjects);
    this.#rounds = new Rounds(ports);
    this.#watermarks = new Watermarks({ ...ports, liveness: this.#liveness, subjects: this.#subjects });
  }

  async start(): Promise<void> {
    await this.#follower.start();
    const retention = { ...this.#ports, propose: (command: CatalogCommand) => this.#propose(command) };
    const closer = new IncarnationCloser({ ...this.#ports, propose: (command) => this.#propose(command) });
    this.#rounds.every('retention', this.#config.retentionCheckIntervalMs, () => enforceRetention(retention));
    this.#rounds.every('precreation', this.#config.precreationCheckIntervalMs, () => precreateGroups(retention, this.#config.precreationAdvanceMs));
    this.#rounds.every('leases', LIMITS.leaseCheckIntervalMs, () => closer.round(this.#follower.catalog));
    this.#liveness.start();
    this.#followShards(this.#follower.catalog);
    this.#follower.onChange((catalog) => this.#followShards(catalog));
    if (this.#ports.hintStore !== undefined) await this.#startHints(this.#ports.hintStore);
    this.#rounds.every('watermarks', LIMITS.watermarkIntervalMs, () => this.#moveWatermarks());
    await this.#ports.bus.subscribed();
  }

  async drain(): Promise<void> {
    await this.#rounds.stop();
    await this.#hints?.drain.stop();
  }

  async stop(): Promise<void> {
    for (const subscription of this.#hints?.subscriptions ?? []) subscription.unsubscribe();
    this.#hints?.heartbeat.stop();
    await this.drain();
    this.#liveness.stop();
    await this.#follower.stop();
  }

  problems(): readonly string[] {
    return this.#follower.problems();
  }

  async #startHints(hintStore: HintStore): Promise<void> {
    const log = new HintLog({ ...this.#ports, hintStore }, this.#config.hintSizeBytesMax);
    await log.load();
    const { clock } = this.#ports;
    const id = await joinNode({ client: this.#client, follower: this.#follower, clock, log: this.#ports.log }, { role: 'repair', name: this.#config.nodeName });
    const ports = { ...this.#ports, liveness: this.#liveness, subjects: this.#subjects };
    const drain = new HintDrain(ports, log, (shard) => this.#fateOf(shard));
    const catalogOf = async (version: number): Promise<Catalog> => {
      await this.#follower.waitFor(version);
      return this.#follower.catalog;
    };
    const subscriptions = serveHints(ports, { node: id, catalogOf, log, onAppended: (owner) => drain.onAppended(owner) });
    const boot = newBootId(this.#ports.random);
    const heartbeat = new Heartbeat(this.#ports, this.#subjects, { id, role: 'repair', boot }, () => ({ isJoining: false, version: this.#follower.catalog.version }));
    this.#hints = { log, drain, heartbeat, subscriptions };
    drain.start();
    heartbeat.start();
    this.#rounds.every('reconciliation', LIMITS.reconcileIntervalMs, () => this.#reconcile(log));
  }

  /** Some shards, the newest always among them: owners take what they lack, and numbers that nobody has are ended. */
  async #reconcile(log: HintLog): Promise<void> {
    const ports = { ...this.#ports, liveness: this.#liveness, subjects: this.#subjects };
    const placed = turnOf([...this.#shards.values()], this.#roundNumber, LIMITS.vectorShardCountMax);
    this.#roundNumber += 1;
    const found = await survey(ports, this.#follower.catalog, placed);
    await pullWhatIsMissing(ports, found);
    await voidNumbers(ports, found);
    await clearMarks(log, found, (owner, shard) => this.#shards.get(shard)?.shard.owners.includes(owner) === true);
  }

  async #moveWatermarks(): Promise<void> {
    const placed = turnOf([...this.#shards.values()], this.#watermarkRoundNumber, LIMITS.vectorShardCountMax);
    this.#watermarkRoundNumber += 1;
    if (placed.length > 0) await this.#watermarks.round(placed, this.#follower.catalog, () => this.#follower.readLinearizable());
  }

  #followShards(catalog: Catalog): void {
    this.#shards = new Map(allShards(catalog).map((placed) => [placed.shard.id, placed]));
    this.#watermarks.forget((shard) => this.#shards.has(shard));
  }

  /** An id below the catalog's next one that is not in it was dropped; one at or above it is newer than this catalog. */
  #fateOf(shard: ShardId): ShardFate {
    const placed = this.#shards.get(shard);
    if (placed !== undefined) return placed.shard.owners;
    return shard < this.#follower.catalog.nextId ? 'gone' : 'unknown';
  }

  /** What was refused is decided anew from a newer catalog at the next interval. */
  async #propose(command: CatalogCommand): Promise<CommandResult> {
    const { result } = await this.#client.propose(command);
    if (result.kind === 'rejected') this.#ports.log.warn('A command of repair was refused', { command: command.kind, ...result });
    return result;
  }
}
