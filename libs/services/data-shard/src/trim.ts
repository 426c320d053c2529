import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { askVectors, type LivenessView } from '@varve/kit';
import type { MutationVector, NodeId, ShardId } from '@varve/model';
import type { Bus, Clock, Journal, Log, Timer } from '@varve/ports';
import { commonTo } from '@varve/reconcile';
import type { Subjects } from '@varve/wire';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Lets go of journal rows that are in chunks (W4) and that every other owner has (X6).
 * @param common what all the other owners have; not needed when there are none
 * @throws DbError STORAGE_FAILED: nothing is lost, the rows go with the next trim
 */
export async function trimJournal(journal: Journal, replica: ShardReplica, common?: MutationVector): Promise<void> {
  if (replica.isDropped || (replica.others.length > 0 && common === undefined)) return;
  const { table, journalIndex } = replica;
  const throughSeq = common === undefined ? table.flushedSeq : journalIndex.trimmableThrough(table.flushedSeq, common);
  await journal.trim(replica.shard, throughSeq);
  journalIndex.dropThrough(throughSeq);
}

/** As `trimJournal`. One that fails is tried again later, and everything else goes on. */
export async function maybeTrim({ journal, log }: { readonly journal: Journal; readonly log: Log }, replica: ShardReplica, common?: MutationVector): Promise<void> {
  try {
    await trimJournal(journal, replica, common);
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    log.warn('Journal not trimmed; trying again later', { shard: replica.shard, code: error.code, reason: error.message });
  }
}

interface TrimPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  readonly liveness: LivenessView;
  readonly subjects: Subjects;
}

/** Asks the other owners at an interval what they have, and trims accordingly. One round at a time. */
export class Trims {
  readonly #ports: TrimPorts;
  readonly #node: { readonly replicas: () => Iterable<ShardReplica>; readonly version: () => number };
  #timer: Timer | undefined;

  constructor(ports: TrimPorts, node: { readonly replicas: () => Iterable<ShardReplica>; readonly version: () => number }) {
    this.#ports = ports;
    this.#node = node;
  }

  start(): void {
    this.#timer = this.#ports.clock.after(LIMITS.trimIntervalMs, () => {
      void this.#round().then(() => {
        if (this.#timer !== undefined) this.start();
      });
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #round(): Promise<void> {
    const flushed = [...this.#node.replicas()].filter(({ table, journalIndex }) => journalIndex.nextSeq - journalIndex.rowCount <= table.flushedSeq);
    const { vectorShardCountMax: max } = LIMITS;
    for (let first = 0; first < flushed.length; first += max) await this.#trim(flushed.slice(first, first + max));
  }

  /** As many as one question may be about. */
  async #trim(flushed: readonly ShardReplica[]): Promise<void> {
    const owners = new Set(flushed.flatMap(({ others }) => others));
    const vectors = new Map<NodeId, ReadonlyMap<ShardId, MutationVector>>();
    await Promise.all([...owners].map((owner) => this.#ask(owner, flushed, vectors)));
    for (const replica of flushed) {
      const known = replica.others.map((owner) => vectors.get(owner)?.get(replica.shard));
      if (known.every((vector) => vector !== undefined)) await maybeTrim(this.#ports, replica, known.length === 0 ? undefined : commonTo(known));
    }
  }

  async #ask(owner: NodeId, flushed: readonly ShardReplica[], vectors: Map<NodeId, ReadonlyMap<ShardId, MutationVector>>): Promise<void> {
    const { bus, log, liveness, subjects } = this.#ports;
    if (!liveness.isAlive(owner)) return;
    const shards = flushed.filter(({ others }) => others.includes(owner)).map(({ shard }) => shard);
    try {
      vectors.set(owner, await askVectors(bus, subjects, owner, { shards, version: this.#node.version(), timeoutMs: LIMITS.vectorTimeoutMs }));
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.debug('An owner did not say what may be trimmed', { owner, code: error.code, reason: error.message });
    }
  }
}
