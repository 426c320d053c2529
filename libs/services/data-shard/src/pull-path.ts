import { LIMITS } from '@varve/config';
import { BYTES, openStream, Payload } from '@varve/kit';
import { encodeVector, type NodeId, type ShardId } from '@varve/model';
import type { Bus, Clock, Metrics } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import type { Subjects } from '@varve/wire';
import type { ShardReplica } from './shard-replica.ts';

export interface PullPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Takes the frames that a replica lacks from another owner. X7: one pull at a time per shard and source. */
export class Pulls {
  readonly #ports: PullPorts;
  readonly #subjects: Subjects;
  /** X5: the way of every frame into journal and memtable. */
  readonly #store: (replica: ShardReplica, frame: Uint8Array) => Promise<void>;
  readonly #underWay = new Map<string, Promise<number>>();

  constructor(ports: PullPorts, subjects: Subjects, store: (replica: ShardReplica, frame: Uint8Array) => Promise<void>) {
    this.#ports = ports;
    this.#subjects = subjects;
    this.#store = store;
  }

  /**
   * Resolves with how many frames came and are durable.
   * @throws DbError SHARD_NOT_HERE, BUS_TIMEOUT, BUS_NO_RESPONDERS, WRITE_OVERLOADED, STORAGE_FULL, STORAGE_FAILED
   */
  pull(replica: ShardReplica, source: NodeId, version: number): Promise<number> {
    const key = `${replica.shard}/${source}`;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const pulled = this.#pull(replica, source, version).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, pulled);
    return pulled;
  }

  async #pull(replica: ShardReplica, source: NodeId, version: number): Promise<number> {
    const shard: ShardId = replica.shard;
    const to = { subject: this.#subjects.dataFrames(source), idleTimeoutMs: LIMITS.streamIdleTimeoutMs };
    const asked = { kind: 'dataFrames', header: { shard, version }, payload: new Payload(BYTES, encodeVector(replica.table.vector)) } as const;
    let frameCount = 0;
    for await (const frame of openStream(this.#ports, to, asked)) {
      await this.#store(replica, frame);
      frameCount += 1;
    }
    this.#ports.metrics.add(names.framesPulled, frameCount);
    return frameCount;
  }
}
