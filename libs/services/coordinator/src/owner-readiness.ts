import { DbError, type DurationMs } from '@varve/base';
import { request, type LivenessView } from '@varve/kit';
import type { NodeId, ShardId } from '@varve/model';
import type { Bus, Log } from '@varve/ports';
import type { Subjects } from '@varve/wire';

/** Shards remembered; then all are forgotten and asked for again, dropped ones not among them. */
const SHARD_COUNT_MAX = 100_000;

interface Confirmed {
  readonly boot: string | undefined;
  readonly version: number;
}

/**
 * Which owners listen for a shard. An owner that learns of a new shard later than its coordinator would miss the first
 * frames; one that is silent, or does not say in time that it has caught up, gets hints instead.
 */
export class OwnerReadiness {
  readonly #ports: { readonly bus: Bus; readonly log: Log; readonly liveness: LivenessView };
  readonly #config: { readonly subjects: Subjects; readonly timeoutMs: DurationMs };
  /** The catalog with which this coordinator has met the shard: an owner with it, or a later one, listens. */
  readonly #neededVersions = new Map<ShardId, number>();
  /** By owner: the catalog that its present run has worked off. */
  readonly #confirmed = new Map<NodeId, Confirmed>();
  readonly #asking = new Map<NodeId, { readonly version: number; readonly isReady: Promise<boolean> }>();

  constructor(
    ports: { readonly bus: Bus; readonly log: Log; readonly liveness: LivenessView },
    config: { readonly subjects: Subjects; readonly timeoutMs: DurationMs },
  ) {
    this.#ports = ports;
    this.#config = config;
  }

  /** Resolves with the owners of these shards that do not listen for all that they own of them. */
  async notReady(shards: readonly { readonly shardId: ShardId; readonly owners: readonly NodeId[] }[], catalogVersion: number): Promise<ReadonlySet<NodeId>> {
    const needed = new Map<NodeId, number>();
    for (const { shardId, owners } of shards) {
      const version = this.#neededVersion(shardId, catalogVersion);
      for (const owner of owners) needed.set(owner, Math.max(version, needed.get(owner) ?? 0));
    }
    const answers = await Promise.all([...needed].map(async ([owner, version]) => ((await this.#isReady(owner, version)) ? [] : [owner])));
    return new Set(answers.flat());
  }

  #neededVersion(shard: ShardId, catalogVersion: number): number {
    const known = this.#neededVersions.get(shard);
    if (known !== undefined) return known;
    if (this.#neededVersions.size >= SHARD_COUNT_MAX) this.#neededVersions.clear();
    this.#neededVersions.set(shard, catalogVersion);
    return catalogVersion;
  }

  #isReady(owner: NodeId, version: number): boolean | Promise<boolean> {
    const { liveness } = this.#ports;
    if (!liveness.isAlive(owner)) return false;
    const confirmed = this.#confirmed.get(owner);
    if (confirmed?.boot === liveness.bootOf(owner) && confirmed !== undefined && confirmed.version >= version) return true;
    const asked = this.#asking.get(owner);
    if (asked !== undefined && asked.version >= version) return asked.isReady;
    const isReady = this.#ask(owner, version).finally(() => {
      if (this.#asking.get(owner)?.isReady === isReady) this.#asking.delete(owner);
    });
    this.#asking.set(owner, { version, isReady });
    return isReady;
  }

  async #ask(owner: NodeId, version: number): Promise<boolean> {
    const { bus, log, liveness } = this.#ports;
    const { subjects, timeoutMs } = this.#config;
    const boot = liveness.bootOf(owner);
    try {
      const answered = await request(bus, { subject: subjects.dataReady(owner), timeoutMs, answerKind: 'dataReadyIs' }, { kind: 'dataReady', header: { version } });
      this.#confirmed.set(owner, { boot, version: answered.header.version });
      return true;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.warn('Owner did not say that it is ready; it gets hints', { owner, version, code: error.code, reason: error.message });
      return false;
    }
  }
}
