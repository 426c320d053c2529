import { DbError, type DurationMs } from '@varve/base';
import { refuseOversized, type Bus, type BusMessage, type BusStatus, type Subscription } from '@varve/ports';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

/** A subscription as the network knows it. */
export interface SimSubscription {
  readonly process: SimProcess;
  readonly pattern: string;
  readonly queue: string | undefined;
  /** Does nothing once it has ended. */
  deliver(message: BusMessage): void;
}

/** One connection to the simulated bus. It dies with its process. */
export class SimBus implements Bus {
  readonly #network: SimNetwork;
  readonly #process: SimProcess;
  readonly #inboxPrefix: string;
  /** Those that the network does not know while this bus is cut off are kept too. */
  readonly #subscriptions = new Map<Subscription, SimSubscription>();
  readonly #listeners = new Set<(status: BusStatus) => void>();
  /** Requests that were made while it was cut off. */
  readonly #held = new Set<() => void>();
  /** Ends the requests that still wait. */
  readonly #waiting = new Set<() => void>();
  #inboxCount = 0;
  /** When the last message sent arrives. */
  #lastArrivalMs = 0;
  #isCutOff = false;
  #isClosed = false;

  constructor(network: SimNetwork, process: SimProcess, inboxPrefix: string) {
    this.#network = network;
    this.#process = process;
    this.#inboxPrefix = inboxPrefix;
    process.onKill(() => this.#unsubscribeAll());
  }

  get status(): BusStatus {
    return this.#isClosed || this.#isCutOff ? 'disconnected' : 'connected';
  }

  onStatus(onChange: (status: BusStatus) => void): Subscription {
    const listener = (status: BusStatus): void => onChange(status);
    this.#listeners.add(listener);
    return { unsubscribe: () => void this.#listeners.delete(listener) };
  }

  /** The simulator takes the connection away: what is under way to this bus is lost. */
  cutOff(): void {
    if (this.status === 'disconnected' || !this.#process.isAlive) return;
    this.#isCutOff = true;
    for (const each of this.#subscriptions.values()) this.#network.remove(each);
    for (const listener of [...this.#listeners]) listener('disconnected');
  }

  /** The simulator gives it back. */
  reconnect(): void {
    if (!this.#isCutOff || this.#isClosed || !this.#process.isAlive) return;
    this.#isCutOff = false;
    for (const each of this.#subscriptions.values()) this.#network.add(each);
    for (const send of [...this.#held]) send();
    for (const listener of [...this.#listeners]) listener('connected');
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    refuseOversized(subject, payload);
    this.#send({ subject, payload, replyTo });
  }

  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): Subscription {
    if (this.#isClosed) throw closed();
    let isActive = this.#process.isAlive;
    const registered: SimSubscription = {
      process: this.#process,
      pattern: subject,
      queue,
      deliver: (message) => isActive && !this.#isCutOff && onMessage(message),
    };
    const subscription = {
      unsubscribe: () => {
        isActive = false;
        this.#network.remove(registered);
        this.#subscriptions.delete(subscription);
      },
    };
    if (isActive) {
      this.#subscriptions.set(subscription, registered);
      this.#announce(subscription);
    }
    return subscription;
  }

  /** A round trip behind the last of them, when the connection is there. */
  async subscribed(): Promise<void> {
    do {
      await this.#process.perform(2 * this.#network.faults.delayMsMax, 'has its subscriptions in force', () => undefined);
    } while (this.#isCutOff && !this.#isClosed);
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array> {
    if (this.#isClosed) throw closed();
    refuseOversized(subject, payload);
    const replyTo = this.newInbox();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        subscription.unsubscribe();
        timer.cancel();
        this.#waiting.delete(onClose);
        this.#held.delete(ask);
      };
      const fail = (error: DbError): void => {
        end();
        reject(error);
      };
      const onClose = (): void => fail(closed());
      const subscription = this.subscribe(replyTo, (answer) => {
        end();
        resolve(answer.payload);
      });
      const timer = this.#process.schedule(timeoutMs, `waits no longer for ${subject}`, () =>
        fail(new DbError('BUS_TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`)),
      );
      const ask = (): void => {
        this.#held.delete(ask);
        if (this.#send({ subject, payload, replyTo }) || !this.#process.isAlive) return;
        this.#process.schedule(this.#network.delayMs(), `hears that nobody listens on ${subject}`, () =>
          fail(new DbError('BUS_NO_RESPONDERS', `nobody listens on ${subject}`)),
        );
      };
      this.#waiting.add(onClose);
      if (this.#isCutOff) this.#held.add(ask);
      else ask();
    });
  }

  newInbox(): string {
    this.#inboxCount += 1;
    return `${this.#inboxPrefix}.${this.#inboxCount}`;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const restMs = Math.max(0, this.#lastArrivalMs - this.#process.scheduler.nowMs);
    await this.#process.perform(restMs + this.#network.faults.delayMsMax, 'closes its bus', () => {
      for (const end of [...this.#waiting]) end();
      this.#unsubscribeAll();
    });
  }

  /** The server learns of a subscription a moment later; of an inbox before the message that names it, which follows on the same connection. */
  #announce(subscription: Subscription): void {
    const register = (): void => {
      const registered = this.#subscriptions.get(subscription);
      if (registered !== undefined && !this.#isCutOff) this.#network.add(registered);
    };
    if (this.#subscriptions.get(subscription)!.pattern.startsWith('_INBOX.')) register();
    else this.#process.schedule(this.#network.delayMs(), 'is heard to subscribe', register);
  }

  /** Whether anybody listens. */
  #send(message: BusMessage): boolean {
    if (this.#isClosed || this.#isCutOff || !this.#process.isAlive) return true;
    const lastArrivalMs = this.#network.send(this.#process, message);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, lastArrivalMs ?? 0);
    return lastArrivalMs !== undefined;
  }

  #unsubscribeAll(): void {
    for (const subscription of [...this.#subscriptions.keys()]) subscription.unsubscribe();
  }
}

function closed(): DbError {
  return new DbError('BUS_CLOSED', 'the bus is closed');
}
