import { DbError, type DurationMs } from '@varve/base';
import { CatalogClient, CatalogFollower, type Service } from '@varve/kit';
import { expiredGroups, groupsToPrecreate } from '@varve/placement';
import type { CatalogCommand } from '@varve/model';
import type { Bus, Clock, Log, Metrics, Random, Timer } from '@varve/ports';
import { subjectsOf } from '@varve/wire';

export interface RepairPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface RepairConfig {
  readonly clusterId: string;
  readonly nodeName: string;
  readonly retentionCheckIntervalMs: DurationMs;
  readonly precreationCheckIntervalMs: DurationMs;
  readonly precreationAdvanceMs: DurationMs;
}

/** Keeps the cluster in shape: for now retention and precreation, both decided from the catalog and done by command. */
export function createRepair(ports: RepairPorts, config: RepairConfig): Service {
  return new Repair(ports, config);
}

class Repair implements Service {
  readonly #ports: RepairPorts;
  readonly #config: RepairConfig;
  readonly #follower: CatalogFollower;
  readonly #client: CatalogClient;
  readonly #timers = new Map<string, Timer>();
  readonly #underWay = new Set<Promise<void>>();
  #isStopped = false;

  constructor(ports: RepairPorts, config: RepairConfig) {
    this.#ports = ports;
    this.#config = config;
    const subjects = subjectsOf(config.clusterId);
    this.#follower = new CatalogFollower(ports, { subjects });
    this.#client = new CatalogClient(ports, { subjects, proposer: config.nodeName });
  }

  async start(): Promise<void> {
    await this.#follower.start();
    this.#every('retention', this.#config.retentionCheckIntervalMs, () => this.#enforceRetention());
    this.#every('precreation', this.#config.precreationCheckIntervalMs, () => this.#precreate());
  }

  async drain(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all(this.#underWay);
  }

  async stop(): Promise<void> {
    await this.drain();
    this.#follower.stop();
  }

  problems(): readonly string[] {
    return [];
  }

  async #enforceRetention(): Promise<void> {
    for (const expired of expiredGroups(this.#follower.catalog, this.#nowNs())) {
      this.#ports.log.info('Dropping expired shard groups', { ...expired });
      await this.#propose({ kind: 'dropShardGroups', ...expired });
    }
  }

  async #precreate(): Promise<void> {
    const aheadNs = BigInt(this.#config.precreationAdvanceMs) * 1_000_000n;
    for (const wanted of groupsToPrecreate(this.#follower.catalog, { nowNs: this.#nowNs(), aheadNs })) {
      await this.#propose({ kind: 'createShardGroups', ...wanted });
    }
  }

  /** What was refused is decided anew from a newer catalog at the next interval. */
  async #propose(command: CatalogCommand): Promise<void> {
    const { result } = await this.#client.propose(command);
    if (result.kind === 'rejected') this.#ports.log.warn('A command of repair was refused', { command: command.kind, ...result });
  }

  /** Runs now and again after each interval; a run that fails is said and tried at the next interval. */
  #every(name: string, intervalMs: DurationMs, run: () => Promise<void>): void {
    const round = async (): Promise<void> => {
      try {
        await run();
      } catch (error) {
        if (!(error instanceof DbError)) throw error;
        this.#ports.log.warn('Upkeep failed; it is tried again at the next interval', { name, code: error.code, reason: error.message });
      }
      if (!this.#isStopped) this.#timers.set(name, this.#ports.clock.after(intervalMs, start));
    };
    const start = (): void => {
      const running = round();
      this.#underWay.add(running);
      void running.finally(() => this.#underWay.delete(running));
    };
    start();
  }

  #nowNs(): bigint {
    return BigInt(Math.floor(this.#ports.clock.wallMs())) * 1_000_000n;
  }
}
