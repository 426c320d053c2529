import { DbError, type DurationMs, type SizeBytes } from '@varve/base';
import { request } from '@varve/kit';
import type { NodeId, ShardId } from '@varve/model';
import type { Bus, Clock, Log, Metrics, Subscription, Timer } from '@varve/ports';
import { requiredAcks, verdictOf, type Verdict } from '@varve/replication';
import { metrics as names } from '@varve/telemetry';
import { decode, encode, type Header, type Subjects } from '@varve/wire';
import type { WriteLevel } from '@varve/model';

export interface DeliveryPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface DeliveryConfig {
  readonly subjects: Subjects;
  readonly writeTimeoutMs: DurationMs;
  readonly readyTimeoutMs: DurationMs;
  readonly bytesUnderWayMax: SizeBytes;
}

/** One frame and where it has to go. */
export interface Parcel {
  readonly shard: ShardId;
  readonly epoch: number;
  readonly owners: readonly NodeId[];
  readonly incarnation: number;
  readonly number: number;
  readonly frame: Uint8Array;
}

/** Shards remembered to listen; then all are forgotten and asked again, dropped ones not among them. */
const READY_SHARD_COUNT_MAX = 100_000;

/**
 * Frames on their way to their owners. Each is published once on its shard's subject; all owners answer to one inbox;
 * acks are tallied by owner until the verdict or the deadline (W5). Bytes under way are bounded (W9).
 */
export class Deliveries {
  readonly #ports: DeliveryPorts;
  readonly #config: DeliveryConfig;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #underWay = new Map<string, Delivery>();
  /** Shards whose owners are known to listen. */
  readonly #readyShards = new Map<ShardId, Promise<void>>();
  #bytesUnderWay: SizeBytes = 0;

  constructor(ports: DeliveryPorts, config: DeliveryConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#inbox = ports.bus.newInbox();
    this.#subscription = ports.bus.subscribe(this.#inbox, ({ payload }) => this.#onAck(payload));
  }

  /** @throws DbError WRITE_OVERLOADED before anything is sent */
  checkRoom(): void {
    if (this.#bytesUnderWay < this.#config.bytesUnderWayMax) return;
    throw new DbError('WRITE_OVERLOADED', 'too many bytes of writes are under way; retry', { bytesUnderWay: this.#bytesUnderWay });
  }

  /**
   * Waits until the shard's owners listen. Asked once per shard: an owner that learns of a new shard later than its
   * coordinator would miss the first frames. An owner that does not answer is treated as down.
   */
  ready(shard: { readonly id: ShardId; readonly owners: readonly NodeId[] }, catalogVersion: number): Promise<void> {
    const known = this.#readyShards.get(shard.id);
    if (known !== undefined) return known;
    if (this.#readyShards.size >= READY_SHARD_COUNT_MAX) this.#readyShards.clear();
    const asked = Promise.all(shard.owners.map((owner) => this.#askReady(owner, catalogVersion))).then(() => undefined);
    this.#readyShards.set(shard.id, asked);
    return asked;
  }

  /**
   * Resolves when the level is met. The delivery itself goes on until every owner has answered or the deadline passes.
   * @throws DbError WRITE_QUORUM_LOST, WRITE_TIMEOUT with how many owners were reached
   */
  publish(parcel: Parcel, level: WriteLevel): Promise<void> {
    const { bus, clock } = this.#ports;
    const delivery = new Delivery(parcel, requiredAcks(level, parcel.owners.length));
    const key = keyOf(parcel);
    this.#underWay.set(key, delivery);
    this.#bytesUnderWay += parcel.frame.length;
    delivery.ended = () => {
      this.#underWay.delete(key);
      this.#bytesUnderWay -= parcel.frame.length;
      this.#ports.metrics.set(names.writesUnderWaySize, this.#bytesUnderWay);
    };
    delivery.deadline = clock.after(this.#config.writeTimeoutMs, () => delivery.expire(this.#config.writeTimeoutMs));
    const header = { epoch: parcel.epoch, incarnation: parcel.incarnation, number: parcel.number };
    bus.publish(this.#config.subjects.shardWrite(parcel.shard), encode('shardWrite', header, parcel.frame), this.#inbox);
    return delivery.settled;
  }

  /** Resolves when nothing is under way; the deadline of each delivery bounds it. */
  async drain(): Promise<void> {
    await Promise.all([...this.#underWay.values()].map((delivery) => delivery.over));
  }

  close(): void {
    this.#subscription.unsubscribe();
    for (const delivery of [...this.#underWay.values()]) delivery.expire(0);
  }

  async #askReady(owner: NodeId, version: number): Promise<void> {
    const { bus, log } = this.#ports;
    const to = { subject: this.#config.subjects.dataReady(owner), timeoutMs: this.#config.readyTimeoutMs, answerKind: 'dataReadyIs' } as const;
    try {
      await request(bus, to, { kind: 'dataReady', header: { version } });
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      log.warn('Owner did not say that it is ready', { owner, version, code: error.code, reason: error.message });
    }
  }

  #onAck(payload: Uint8Array): void {
    try {
      const { header } = decode(payload, 'shardAck');
      this.#underWay.get(keyOf(header))?.onAck(header);
    } catch (error) {
      this.#ports.log.warn('Unreadable ack dropped', { error });
    }
  }
}

function keyOf({ shard, incarnation, number }: { readonly shard: ShardId; readonly incarnation: number; readonly number: number }): string {
  return `${shard}/${incarnation}/${number}`;
}

/** One frame under way: who answered what, and what that means for the one who waits. */
class Delivery {
  /** Settles with the verdict. */
  readonly settled: Promise<void>;
  /** Resolves when every owner has answered or the deadline has passed. */
  readonly over: Promise<void>;
  deadline: Timer | undefined;
  ended: () => void = () => undefined;
  readonly #parcel: Parcel;
  readonly #requiredCount: number;
  readonly #acked = new Set<NodeId>();
  readonly #refused = new Map<NodeId, string>();
  #resolve: () => void = () => undefined;
  #reject: (error: DbError) => void = () => undefined;
  #finish: () => void = () => undefined;

  constructor(parcel: Parcel, requiredCount: number) {
    this.#parcel = parcel;
    this.#requiredCount = requiredCount;
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.over = new Promise((finish) => (this.#finish = finish));
  }

  onAck({ owner, refusal, reason }: Header<'shardAck'>): void {
    if (!this.#parcel.owners.includes(owner)) return;
    if (refusal === undefined) {
      this.#acked.add(owner);
      this.#refused.delete(owner);
    } else if (!this.#acked.has(owner)) this.#refused.set(owner, `${refusal}: ${reason ?? ''}`);
    const verdict = this.#verdict();
    if (verdict === 'satisfied') this.#resolve();
    if (verdict === 'unsatisfiable') this.#reject(this.#lost());
    if (this.#acked.size + this.#refused.size === this.#parcel.owners.length) this.#end();
  }

  expire(timeoutMs: DurationMs): void {
    this.#reject(new DbError('WRITE_TIMEOUT', `write timeout: ${this.#reached()} within ${timeoutMs} ms; retry`, this.#facts()));
    this.#end();
  }

  #end(): void {
    this.deadline?.cancel();
    this.ended();
    this.#finish();
  }

  #verdict(): Verdict {
    const { owners } = this.#parcel;
    const failureCount = this.#refused.size;
    return verdictOf({ replicaCount: owners.length, requiredCount: this.#requiredCount, ackCount: this.#acked.size, failureCount });
  }

  #lost(): DbError {
    return new DbError('WRITE_QUORUM_LOST', `write not accepted: ${this.#reached()} (${[...this.#refused.values()].join('; ')}); retry`, this.#facts());
  }

  #reached(): string {
    return `${this.#acked.size} of ${this.#requiredCount} needed owners of shard ${this.#parcel.shard} hold it`;
  }

  #facts(): Record<string, unknown> {
    return { shard: this.#parcel.shard, acked: [...this.#acked], refused: Object.fromEntries(this.#refused) };
  }
}
