import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { askHeld, askVectors, pause, type LivenessView } from '@varve/kit';
import type { MutationVector, NodeId, ShardId } from '@varve/model';
import type { Bus, Clock, Log, Metrics } from '@varve/ports';
import { isCovered, missingFrom } from '@varve/reconcile';
import { metrics as names } from '@varve/telemetry';
import type { Subjects } from '@varve/wire';
import type { Pulls } from './pull-path.ts';
import type { ShardReplica } from './shard-replica.ts';

export interface JoiningPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly liveness: LivenessView;
  readonly pulls: Pulls;
  readonly subjects: Subjects;
}

/** What the rounds need to know of the node, fresh at each. */
export interface JoiningNode {
  readonly id: NodeId;
  readonly replicas: () => Iterable<ShardReplica>;
  /** The catalog that the node has worked off. */
  readonly version: () => number;
  /** The state of some replica has changed: others should hear of it soon. */
  readonly onChange: () => void;
}

/**
 * Replicas that may lack frames catch up before they serve: each joins until its vector covers what every living other owner
 * and every living repair node (hints for it) has answered after live delivery had resumed (X16–X19).
 */
export class Joining {
  readonly #ports: JoiningPorts;
  readonly #node: JoiningNode;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(ports: JoiningPorts, node: JoiningNode) {
    this.#ports = ports;
    this.#node = node;
  }

  get isJoining(): boolean {
    for (const replica of this.#node.replicas()) if (replica.joiningSinceMs !== undefined) return true;
    return false;
  }

  /** These replicas may have missed frames. With one owner there is nobody to have them from. */
  begin(replicas: Iterable<ShardReplica>): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const replica of replicas) if (replica.others.length > 0) replica.joiningSinceMs = nowMs;
    this.#node.onChange();
    if (this.#isStopped || !this.isJoining) return;
    this.#running ??= this.#rounds();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #rounds(): Promise<void> {
    while (!this.#isStopped && this.isJoining) {
      await this.#round();
      if (this.isJoining && !this.#isStopped) await pause(this.#ports.clock, LIMITS.joiningIntervalMs);
    }
    this.#running = undefined; // In the step of the last look: who begins behind it finds none running.
  }

  /** One look at everybody, at as many at a time as one question is about: time counts only for a replica whose owners were asked. */
  async #round(): Promise<void> {
    const joining = [...this.#node.replicas()].filter(({ joiningSinceMs }) => joiningSinceMs !== undefined);
    const { vectorShardCountMax: max } = LIMITS;
    for (let first = 0; first < joining.length && !this.#isStopped; first += max) await this.#look(joining.slice(first, first + max));
  }

  /** Whoever is covered serves; whoever is not pulls, and is looked at again. */
  async #look(joining: readonly ShardReplica[]): Promise<void> {
    const startedMs = new Map(joining.map((replica) => [replica, replica.joiningSinceMs]));
    const [vectors, hints] = await Promise.all([this.#vectorsOf(joining), this.#hintsForMe()]);
    for (const replica of joining) {
      const answers = replica.others.map((owner) => ({ owner, vector: vectors.get(owner)?.get(replica.shard) }));
      const wanted = answers.flatMap(({ vector }) => (vector === undefined ? [] : [vector]));
      const held = hints.vectors.flatMap((each) => each.get(replica.shard) ?? []);
      const isSilent = answers.some(({ vector }) => vector === undefined) || !hints.isComplete;
      if ([...wanted, ...held].every((vector) => isCovered(vector, replica.table.vector))) {
        // Y10: others may wait for answers, a replica that is known to lack frames waits for all of them.
        const hasWaited = replica.lostRowCount === 0 && this.#ports.clock.monotonicMs() - replica.joiningSinceMs! >= LIMITS.joiningTimeoutMs;
        // A gap during this round means that what was answered is too old.
        if ((!isSilent || hasWaited) && startedMs.get(replica) === replica.joiningSinceMs) this.#serve(replica, wanted.length);
      } else await this.#pull(replica, answers);
    }
  }

  #serve(replica: ShardReplica, answeredCount: number): void {
    replica.joiningSinceMs = undefined;
    replica.lostRowCount = 0;
    this.#ports.metrics.add(names.replicasJoined, 1);
    replica.verified = { count: answeredCount, of: replica.others.length };
    if (answeredCount < replica.others.length) {
      this.#ports.log.warn('Replica serves without having heard of all other owners', { shard: replica.shard, ...replica.verified });
    }
    this.#node.onChange();
  }

  /** By node: what it has of the joining shards. A node that does not answer is missing. */
  async #vectorsOf(joining: readonly ShardReplica[]): Promise<ReadonlyMap<NodeId, ReadonlyMap<ShardId, MutationVector>>> {
    const { bus, liveness, subjects } = this.#ports;
    const shardsOf = new Map<NodeId, ShardId[]>();
    for (const { shard, others } of joining) for (const owner of others) shardsOf.set(owner, [...(shardsOf.get(owner) ?? []), shard]);
    const vectors = new Map<NodeId, ReadonlyMap<ShardId, MutationVector>>();
    const ask = async (owner: NodeId, shards: readonly ShardId[]): Promise<void> => {
      const answer = await this.#answerOf(askVectors(bus, subjects, owner, { shards, version: this.#node.version(), timeoutMs: LIMITS.vectorTimeoutMs }));
      if (answer !== undefined) vectors.set(owner, answer);
    };
    await Promise.all([...shardsOf].filter(([owner]) => liveness.isAlive(owner)).map(([owner, shards]) => ask(owner, shards)));
    return vectors;
  }

  async #hintsForMe(): Promise<{ readonly vectors: readonly ReadonlyMap<ShardId, MutationVector>[]; readonly isComplete: boolean }> {
    const { bus, liveness, subjects } = this.#ports;
    const asked = { owner: this.#node.id, version: this.#node.version(), timeoutMs: LIMITS.vectorTimeoutMs };
    const answers = await Promise.all(liveness.alive('repair').map((node) => this.#answerOf(askHeld(bus, subjects, node, asked))));
    return { vectors: answers.filter((each) => each !== undefined), isComplete: answers.every((each) => each !== undefined) };
  }

  async #pull(replica: ShardReplica, answers: readonly { readonly owner: NodeId; readonly vector: MutationVector | undefined }[]): Promise<void> {
    for (const { owner, vector } of answers) {
      if (vector === undefined || missingFrom(replica.table.vector, vector).size === 0) continue;
      await this.#answerOf(this.#ports.pulls.pull(replica, owner, this.#node.version()));
    }
  }

  async #answerOf<Value>(answer: Promise<Value>): Promise<Value | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.debug('A peer did not help to join', { code: error.code, reason: error.message });
      return undefined;
    }
  }
}
