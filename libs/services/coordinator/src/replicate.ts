import { DbError, type DurationMs, type SizeBytes } from '@varve/base';
import { LIVENESS_SETTLE_MS, pause, request, type LivenessView } from '@varve/kit';
import type { NodeId, ShardId, WriteLevel } from '@varve/model';
import { traceIdOf, type Bus, type Clock, type Log, type Metrics, type Subscription, type Timer, type TraceParent, type Tracer } from '@varve/ports';
import { attributes, metrics as names, spans } from '@varve/telemetry';
import { decode, encode, type Header, type Subjects } from '@varve/wire';
import { Delivery, type Parcel } from './delivery.ts';

export interface DeliveryPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly liveness: LivenessView;
}

export interface DeliveryConfig {
  readonly subjects: Subjects;
  readonly writeTimeoutMs: DurationMs;
  readonly hintTimeoutMs: DurationMs;
  readonly hintAnswerTimeoutMs: DurationMs;
  readonly hintRetryIntervalMs: DurationMs;
  readonly bytesUnderWayMax: SizeBytes;
  /** An owner has so many series of a shard. */
  readonly onSeriesCount: (shard: ShardId, seriesCount: number) => void;
  /** An owner has refused a frame because its incarnation is closed. */
  readonly onIncarnationClosed: (incarnation: number) => void;
  /** Whether the newest catalog still has the shard. */
  readonly isPlaced: (shard: ShardId) => boolean;
}

/** How a frame is to be delivered, and for whom. */
export interface Publication {
  readonly level: WriteLevel;
  /** Whoever asks is answered only when no owner is expected to answer any more, or at the write timeout. Absent: at the level. */
  readonly isPatient?: boolean | undefined;
  /** Owners that are known not to listen. */
  readonly absent: ReadonlySet<NodeId>;
  readonly traceParent: TraceParent | undefined;
}

/**
 * Frames on their way to their owners. Each is published once on its shard's subject; all owners answer to one inbox. Who
 * is silent or refuses gets a hint in a repair node: at once when nothing else is to be expected, else after the hint
 * timeout. A frame is under way until every owner has it or a hint for it (W5); bytes under way are bounded (W9).
 */
export class Deliveries {
  readonly #ports: DeliveryPorts;
  readonly #config: DeliveryConfig;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #connection: Subscription;
  readonly #stopListening: () => void;
  #reconnecting: Timer | undefined;
  readonly #underWay = new Map<string, Delivery>();
  readonly #hinting = new Set<Delivery>();
  readonly #waitingForNone = new Set<() => void>();
  #bytesUnderWay: SizeBytes = 0;
  #isDraining = false;

  constructor(ports: DeliveryPorts, config: DeliveryConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#inbox = ports.bus.newInbox();
    this.#subscription = ports.bus.subscribe(this.#inbox, ({ payload }) => this.#onAnswer(payload));
    this.#connection = ports.bus.onStatus((status) => {
      if (status === 'connected') this.#onConnected();
    });
    this.#stopListening = ports.liveness.onReturn((node) => this.#sendAgain((delivery) => delivery.lacks(node)));
  }

  /** @throws DbError WRITE_OVERLOADED, STOPPING before anything is sent */
  checkRoom(): void {
    if (this.#isDraining) throw new DbError('STOPPING', 'this coordinator is stopping; retry');
    if (this.#bytesUnderWay < this.#config.bytesUnderWayMax) return;
    throw new DbError('WRITE_OVERLOADED', 'too many bytes of writes are under way; retry', { bytesUnderWay: this.#bytesUnderWay });
  }

  /**
   * Resolves when the level is met; the delivery goes on behind it.
   * @throws DbError WRITE_QUORUM_LOST, WRITE_TIMEOUT with how many owners were reached
   */
  publish(parcel: Parcel, { level, isPatient, absent, traceParent: asking }: Publication): Promise<void> {
    const { clock, tracer } = this.#ports;
    const timers: Timer[] = [];
    const span = tracer.startChild(spans.coordinatorDeliver, asking, { kind: 'producer', attributes: attributesOf(parcel) });
    const { traceParent } = span;
    const delivery = new Delivery(parcel, { level, isPatient, traceParent }, () => {
      for (const timer of timers) timer.cancel();
      span.end();
      this.#forget(parcel);
    });
    this.#underWay.set(keyOf(parcel), delivery);
    this.#addBytes(parcel.frame.length);
    try {
      this.#send(delivery);
    } catch (error) {
      delivery.end();
      delivery.settled.catch(() => undefined);
      throw error;
    }
    timers.push(
      clock.after(this.#config.writeTimeoutMs, () => delivery.expire(this.#config.writeTimeoutMs)),
      clock.after(this.#config.hintTimeoutMs, () => {
        delivery.onHintDue();
        this.#giveUpSilent(delivery);
      }),
      // By now it is known who was dead when the frame was published.
      clock.after(LIVENESS_SETTLE_MS, () => this.#giveUpSilent(delivery)),
    );
    for (const owner of parcel.owners) if (absent.has(owner)) delivery.onSilent(owner);
    this.#maybeHint(delivery);
    return delivery.settled;
  }

  /** Takes no new writes; resolves when nothing is under way, or after the write timeout: the rest is given up by `close`. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#underWay.size === 0) return;
    await new Promise<void>((settle) => {
      const timer = this.#ports.clock.after(this.#config.writeTimeoutMs, () => done());
      const done = (): void => {
        timer.cancel();
        this.#waitingForNone.delete(done);
        settle();
      };
      this.#waitingForNone.add(done);
    });
  }

  close(): void {
    this.#subscription.unsubscribe();
    this.#connection.unsubscribe();
    this.#stopListening();
    this.#reconnecting?.cancel();
    for (const delivery of [...this.#underWay.values()]) delivery.end();
  }

  /** What was published meanwhile is lost. Owners whose connection takes longer get it a moment later. */
  #onConnected(): void {
    this.#sendAgain(() => true);
    this.#reconnecting?.cancel();
    this.#reconnecting = this.#ports.clock.after(LIVENESS_SETTLE_MS, () => this.#sendAgain(() => true));
  }

  /** Twice is as once (V8): who waits for a level need not wait for the timeout because a frame was lost. */
  #sendAgain(isWanted: (delivery: Delivery) => boolean): void {
    for (const delivery of this.#underWay.values()) if (!delivery.isSettled && isWanted(delivery)) this.#send(delivery);
  }

  #onAnswer(payload: Uint8Array): void {
    try {
      const { header } = decode(payload, 'shardAck');
      if (header.seriesCount !== undefined) this.#config.onSeriesCount(header.shard, header.seriesCount);
      const delivery = this.#underWay.get(keyOf(header));
      if (delivery !== undefined) this.#onOwnerAnswer(delivery, header);
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('Unreadable ack dropped', { code: error.code, reason: error.message });
    }
  }

  #onOwnerAnswer(delivery: Delivery, { owner, incarnation, refusal, reason }: Header<'shardAck'>): void {
    if (refusal === undefined) return delivery.onAck(owner);
    delivery.onRefused(owner, `${refusal}: ${reason ?? ''}`);
    if (refusal === 'INCARNATION_CLOSED') {
      // No owner and no hint store takes it any more: repair ends its number.
      this.#config.onIncarnationClosed(incarnation);
      delivery.end();
    } else this.#maybeHint(delivery);
  }

  /** Starts offering hints when some are owed and nobody offers them yet. */
  #maybeHint(delivery: Delivery): void {
    if (this.#hinting.has(delivery) || delivery.isOver || delivery.hintsOwed().length === 0) return;
    this.#hinting.add(delivery);
    void this.#hint(delivery);
  }

  /**
   * Asks repair nodes until no hint is owed. When none takes it, a frame that some owner holds is let go: the owners' vectors
   * are the record of who lacks what. One that nobody is known to hold is sent and offered again until somebody does (W11).
   */
  async #hint(delivery: Delivery): Promise<void> {
    const { clock, metrics, liveness } = this.#ports;
    const { hintRetryIntervalMs, writeTimeoutMs } = this.#config;
    let pauseMs = hintRetryIntervalMs;
    for (;;) {
      const owners = delivery.hintsOwed();
      if (owners.length === 0 || delivery.isOver) break;
      if (await this.#isHinted(delivery, owners)) {
        delivery.onHinted(owners);
        continue;
      }
      if (delivery.isHeld && delivery.isSettled && (delivery.isExpired || liveness.alive('repair').length === 0)) {
        metrics.add(names.framesUnhinted, 1);
        delivery.end();
        break;
      }
      await pause(clock, pauseMs);
      pauseMs = Math.min(2 * pauseMs, writeTimeoutMs);
      if (delivery.isExpired && !delivery.isOver && !delivery.isHeld) this.#send(delivery);
    }
    this.#hinting.delete(delivery); // No await since the last look: what is owed from now on starts anew.
  }

  /** Who has not answered and is not alive will not answer, and nobody does for a shard that was dropped: no need to wait for the write timeout. */
  #giveUpSilent(delivery: Delivery): void {
    if (!this.#config.isPlaced(delivery.parcel.shard)) return delivery.end();
    for (const owner of delivery.parcel.owners) if (!this.#ports.liveness.isAlive(owner)) delivery.onSilent(owner);
    this.#maybeHint(delivery);
  }

  #send({ parcel: { shard, epoch, incarnation, number, frame }, traceParent }: Delivery): void {
    this.#ports.bus.publish(this.#config.subjects.shardWrite(shard), encode('shardWrite', { epoch, incarnation, number, traceParent }, frame), this.#inbox);
  }

  /** True when a repair node has said that the hint is on its disk. */
  async #isHinted({ parcel, isAtOwner, traceParent }: Delivery, owners: readonly NodeId[]): Promise<boolean> {
    const { bus, log, liveness } = this.#ports;
    const { shard, incarnation, number, frame } = parcel;
    const repairNodes = liveness.alive('repair');
    for (let turn = 0; turn < repairNodes.length; turn += 1) {
      const node = repairNodes[(shard + turn) % repairNodes.length]!;
      try {
        const to = { subject: this.#config.subjects.repairHint(node), timeoutMs: this.#config.hintAnswerTimeoutMs, answerKind: 'repairHinted' } as const;
        await request(bus, to, { kind: 'repairHint', header: { owners, shard, incarnation, number, isAtOwner, traceParent }, payload: frame });
        return true;
      } catch (error) {
        if (!(error instanceof DbError)) throw error;
        log.debug('Repair node did not take a hint', { traceId: traceIdOf(traceParent), node, shard, code: error.code, reason: error.message });
      }
    }
    return false;
  }

  #forget(parcel: Parcel): void {
    this.#underWay.delete(keyOf(parcel));
    this.#addBytes(-parcel.frame.length);
    if (this.#underWay.size === 0) for (const done of [...this.#waitingForNone]) done();
  }

  #addBytes(sizeBytes: SizeBytes): void {
    this.#bytesUnderWay += sizeBytes;
    this.#ports.metrics.set(names.writesUnderWaySize, this.#bytesUnderWay);
  }
}

function keyOf({ shard, incarnation, number }: { readonly shard: ShardId; readonly incarnation: number; readonly number: number }): string {
  return `${shard}/${incarnation}/${number}`;
}

function attributesOf({ shard, incarnation, number, frame }: Parcel): Readonly<Record<string, number>> {
  return { [attributes.shard]: shard, [attributes.incarnation]: incarnation, [attributes.number]: number, [attributes.frameSize]: frame.length };
}
