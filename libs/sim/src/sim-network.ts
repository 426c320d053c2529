import { crc32 } from 'node:zlib';
import { assert, type DurationMs, type Prng } from '@varve/base';
import type { BusMessage } from '@varve/ports';
import { isWildcard, subjectMatches } from '@varve/ports';
import { SimBus, type SimSubscription } from './sim-bus.ts';
import type { SimProcess } from './sim-process.ts';
import { TIME_STEP_MS, type SimScheduler } from './sim-scheduler.ts';

/** What the network does to messages. Probabilities are per message and receiver. */
export interface NetworkFaults {
  readonly delayMsMin: DurationMs;
  readonly delayMsMax: DurationMs;
  readonly lossProbability: number;
  /** A second copy comes later, on its own way. */
  readonly duplicateProbability: number;
  /** The message leaves the order of its sender and subject: more than a Bus may do, for those who check it. */
  readonly reorderProbability: number;
}

/** Delays only. */
export const CALM_NETWORK: NetworkFaults = {
  delayMsMin: 0.05,
  delayMsMax: 0.5,
  lossProbability: 0,
  duplicateProbability: 0,
  reorderProbability: 0,
};

/**
 * The bus's middle: knows every subscription, as a NATS server does, and decides what becomes of each message. Who is
 * asked, how long it takes and what is lost comes from the seed. A partition stands between the endpoints of a message.
 */
export class SimNetwork {
  /** May be changed at any time; holds for messages sent from then on. */
  faults: NetworkFaults;
  readonly #scheduler: SimScheduler;
  readonly #prng: Prng;
  /** By the one subject that they spell. */
  readonly #exact = new Map<string, Set<SimSubscription>>();
  readonly #wildcards = new Set<SimSubscription>();
  /** `from → to` by names. */
  readonly #blocked = new Set<string>();
  /** When the last message of a sender, receiver and subject arrives. */
  readonly #lanes = new Map<string, number>();
  #busCount = 0;

  constructor(scheduler: SimScheduler, faults: NetworkFaults = CALM_NETWORK) {
    this.#scheduler = scheduler;
    this.faults = faults;
    this.#prng = scheduler.prngOf('network');
  }

  /** A connection of a process; its endpoint has the process's name. */
  connect(process: SimProcess): SimBus {
    this.#busCount += 1;
    return new SimBus(this, process, `_INBOX.${this.#busCount}`);
  }

  /** Nothing goes between the two sides any more, in either direction. */
  partition(left: readonly string[], right: readonly string[]): void {
    this.block(left, right);
    this.block(right, left);
  }

  /** Nothing goes from the first to the second any more; the other way stays open. */
  block(from: readonly string[], to: readonly string[]): void {
    this.#scheduler.note(`blocked: ${from.join(' ')} → ${to.join(' ')}`);
    for (const sender of from)
      for (const receiver of to) if (sender !== receiver) this.#blocked.add(wayOf(sender, receiver));
  }

  /** Everything goes everywhere again. */
  heal(): void {
    this.#scheduler.note('healed');
    this.#blocked.clear();
  }

  add(subscription: SimSubscription): void {
    if (isWildcard(subscription.pattern)) return void this.#wildcards.add(subscription);
    const others = this.#exact.get(subscription.pattern);
    if (others === undefined) this.#exact.set(subscription.pattern, new Set([subscription]));
    else others.add(subscription);
  }

  remove(subscription: SimSubscription): void {
    this.#wildcards.delete(subscription);
    const others = this.#exact.get(subscription.pattern);
    others?.delete(subscription);
    if (others?.size === 0) this.#exact.delete(subscription.pattern);
  }

  /** Sends to everybody who listens, one of each queue. @returns when the last copy arrives; undefined: nobody listens */
  send(from: SimProcess, message: BusMessage): number | undefined {
    const receivers = this.#receiversOf(message.subject);
    let lastMs = this.#scheduler.nowMs;
    for (const receiver of receivers) lastMs = Math.max(lastMs, this.#sendTo(receiver, from, message));
    return receivers.length === 0 ? undefined : lastMs;
  }

  /** How long one way takes, in whole steps of virtual time. */
  delayMs(): DurationMs {
    const { delayMsMin, delayMsMax } = this.faults;
    return Math.ceil((delayMsMin + this.#prng.fraction() * (delayMsMax - delayMsMin)) / TIME_STEP_MS) * TIME_STEP_MS;
  }

  #receiversOf(subject: string): SimSubscription[] {
    const receivers: SimSubscription[] = [];
    const queues = new Map<string, SimSubscription[]>();
    const listeners = [...(this.#exact.get(subject) ?? []), ...[...this.#wildcards].filter(({ pattern }) => subjectMatches(pattern, subject))];
    for (const each of listeners) {
      if (each.queue === undefined) receivers.push(each);
      else queues.set(each.queue, [...(queues.get(each.queue) ?? []), each]);
    }
    for (const members of queues.values()) receivers.push(this.#prng.pick(members));
    return receivers;
  }

  #sendTo(receiver: SimSubscription, from: SimProcess, message: BusMessage): number {
    const { lossProbability, duplicateProbability, reorderProbability } = this.faults;
    const dueMs = this.#scheduler.nowMs + this.delayMs();
    if (this.#prng.chance(lossProbability)) {
      this.#scheduler.note(`lost: ${message.subject} ${wayOf(from.name, receiver.process.name)}`);
      return dueMs;
    }
    const isInOrder = !this.#prng.chance(reorderProbability);
    const arrivalMs = isInOrder
      ? this.#inLane(`${wayOf(from.name, receiver.process.name)} ${message.subject}`, dueMs)
      : dueMs;
    this.#deliverAt(arrivalMs, receiver, from, message);
    if (!this.#prng.chance(duplicateProbability)) return arrivalMs;
    const againMs = arrivalMs + this.delayMs();
    this.#deliverAt(againMs, receiver, from, message);
    return againMs;
  }

  /** After everything that went the same way before. */
  #inLane(lane: string, dueMs: number): number {
    const arrivalMs = Math.max(dueMs, (this.#lanes.get(lane) ?? 0) + TIME_STEP_MS);
    this.#lanes.set(lane, arrivalMs);
    if (this.#lanes.size > LANE_COUNT_MAX) this.#forgetIdleLanes();
    return arrivalMs;
  }

  /** Inboxes make a lane per request. */
  #forgetIdleLanes(): void {
    for (const [lane, lastMs] of this.#lanes) if (lastMs < this.#scheduler.nowMs) this.#lanes.delete(lane);
  }

  #deliverAt(arrivalMs: number, receiver: SimSubscription, from: SimProcess, message: BusMessage): void {
    const checksum = crc32(message.payload);
    const what = `gets ${message.subject} from ${from.name}: ${message.payload.length} bytes, ${checksum.toString(16)}`;
    receiver.process.schedule(arrivalMs - this.#scheduler.nowMs, what, () => {
      if (this.#blocked.has(wayOf(from.name, receiver.process.name))) return this.#scheduler.note('cut off by a partition');
      assert(crc32(message.payload) === checksum, `the payload of ${message.subject} was changed after it was sent`);
      receiver.deliver(message);
    });
  }
}

const LANE_COUNT_MAX = 10_000;

function wayOf(from: string, to: string): string {
  return `${from} → ${to}`;
}
