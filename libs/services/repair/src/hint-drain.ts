import { DbError, type DurationMs } from '@varve/base';
import { LIMITS } from '@varve/config';
import { request, type LivenessView } from '@varve/kit';
import type { NodeId, ShardId } from '@varve/model';
import { traceIdOf, type Bus, type Clock, type Log, type StoredHint, type Timer, type Tracer } from '@varve/ports';
import { nextHintState, type HintEvent, type HintState } from '@varve/replication';
import { attributes, spans } from '@varve/telemetry';
import type { Subjects } from '@varve/wire';
import type { HintLog } from './hint-log.ts';

export interface HintDrainPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly tracer: Tracer;
  readonly liveness: LivenessView;
  readonly subjects: Subjects;
}

/** Where the frames of a shard belong now: its owners, `gone` for ever, or `unknown` to the catalog that is here. */
export type ShardFate = readonly NodeId[] | 'gone' | 'unknown';

/** The drain of one owner. */
interface Drain {
  state: HintState;
  timer: Timer | undefined;
  pauseMs: DurationMs;
}

/**
 * Brings hints to their owners: one batch under way per owner, a pause after a failure, at once when the owner is heard of
 * again. Newer writes do not wait behind it (H2), and order does not matter (H1).
 */
export class HintDrain {
  readonly #ports: HintDrainPorts;
  readonly #log: HintLog;
  readonly #fateOf: (shard: ShardId) => ShardFate;
  readonly #drains = new Map<NodeId, Drain>();
  readonly #underWay = new Set<Promise<void>>();
  #stopListening: () => void = () => undefined;
  #isStopped = false;

  constructor(ports: HintDrainPorts, log: HintLog, fateOf: (shard: ShardId) => ShardFate) {
    this.#ports = ports;
    this.#log = log;
    this.#fateOf = fateOf;
  }

  start(): void {
    this.#stopListening = this.#ports.liveness.onReturn((owner) => this.#on(owner, 'retryDue'));
    for (const owner of this.#log.owners) this.onAppended(owner);
  }

  /** The owner has hints. */
  onAppended(owner: NodeId): void {
    this.#on(owner, 'appended');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    for (const { timer } of this.#drains.values()) timer?.cancel();
    await Promise.all(this.#underWay);
  }

  #on(owner: NodeId, event: HintEvent): void {
    if (this.#isStopped) return;
    const drain = this.#drainOf(owner);
    const before = drain.state;
    drain.state = nextHintState(before, event);
    if (drain.state === 'waiting' && before === 'sending') this.#wait(owner, drain);
    if (drain.state === 'sending' && (before !== 'sending' || event === 'ackedMore')) this.#send(owner, drain);
  }

  #wait(owner: NodeId, drain: Drain): void {
    drain.timer = this.#ports.clock.after(drain.pauseMs, () => this.#on(owner, 'retryDue'));
    drain.pauseMs = Math.min(2 * drain.pauseMs, LIMITS.hintPauseMsMax);
  }

  #send(owner: NodeId, drain: Drain): void {
    drain.timer?.cancel();
    const sent = this.#sendBatch(owner).then((isTaken) => {
      if (isTaken) drain.pauseMs = LIMITS.hintRetryIntervalMs;
      const hasMore = this.#log.next(owner).length > 0;
      this.#on(owner, isTaken ? (hasMore ? 'ackedMore' : 'ackedLast') : 'failed');
    });
    this.#underWay.add(sent);
    void sent.finally(() => this.#underWay.delete(sent));
  }

  /** False when something of the batch is left, and is to be tried later. */
  async #sendBatch(owner: NodeId): Promise<boolean> {
    const batch = this.#log.next(owner);
    if (batch.length === 0) return true;
    if (!this.#ports.liveness.isAlive(owner) && batch.every(({ shard }) => this.#isOwner(owner, shard))) return false;
    try {
      const frames = await this.#log.readFrames(batch);
      const ends = await Promise.all(batch.map((hint, at) => this.#deliver(hint, frames[at])));
      const ended = (end: Delivered): readonly StoredHint[] => batch.filter((_, at) => ends[at] === end);
      await this.#log.remove(ended('delivered'), 'delivered');
      await this.#log.remove(ended('discarded'), 'discarded');
      await this.#log.mark(ended('damaged'), ended('damaged'));
      return !ends.includes('failed');
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      this.#ports.log.warn('Hints could not be read or let go; trying again later', { owner, code: error.code, reason: error.message });
      return false;
    }
  }

  #isOwner(owner: NodeId, shard: ShardId): boolean {
    const fate = this.#fateOf(shard);
    return fate !== 'gone' && (fate === 'unknown' || fate.includes(owner));
  }

  /** To the owner it is for; when that one has lost the shard, to those who have it now (H8). */
  async #deliver(hint: StoredHint, frame: Uint8Array | undefined): Promise<Delivered> {
    const { owner, shard } = hint;
    const fate = this.#fateOf(shard);
    if (fate === 'gone') return 'discarded';
    if (frame === undefined) return 'damaged';
    const owners = fate === 'unknown' || fate.includes(owner) ? [owner] : fate;
    const taken = await Promise.all(owners.map((each) => this.#isTaken(each, hint, frame)));
    return taken.every(Boolean) ? 'delivered' : 'failed';
  }

  async #isTaken(owner: NodeId, { shard, traceParent: stored }: StoredHint, frame: Uint8Array): Promise<boolean> {
    const { bus, log, subjects, tracer } = this.#ports;
    const span = tracer.startChild(spans.hintDeliver, stored, { kind: 'producer', attributes: { [attributes.shard]: shard, [attributes.owner]: owner } });
    try {
      const to = { subject: subjects.dataWrite(owner), timeoutMs: LIMITS.hintAnswerTimeoutMs, answerKind: 'dataWritten' } as const;
      await request(bus, to, { kind: 'dataWrite', header: { shard, traceParent: span.traceParent }, payload: frame });
      span.end();
      return true;
    } catch (error) {
      span.end(error);
      if (!(error instanceof DbError)) throw error;
      log.debug('An owner did not take a hint', { traceId: traceIdOf(stored), owner, shard, code: error.code, reason: error.message });
      return false;
    }
  }

  #drainOf(owner: NodeId): Drain {
    const drain = this.#drains.get(owner) ?? { state: 'idle', timer: undefined, pauseMs: LIMITS.hintRetryIntervalMs };
    this.#drains.set(owner, drain);
    return drain;
  }
}

type Delivered = 'delivered' | 'discarded' | 'damaged' | 'failed';
