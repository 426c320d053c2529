import { connect, type ConnectionOptions, type NatsConnection, type Status } from '@nats-io/transport-node';
import { DbError, type DurationMs } from '@varve/base';
import { BUS_PAYLOAD_SIZE_BYTES_MAX, type BusMessage, type BusStatus, type Log, type Subscription } from '@varve/ports';
import { busError, closedError, isUnreachable, refusalOf, timeoutError, type Asked } from './bus-error.ts';

export interface LineOptions {
  /** `host:port`, several of one NATS cluster. */
  readonly servers: readonly string[];
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: Log;
  /** Ends the wait for a server. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The client gives up after ten attempts and finds a dead connection after four minutes unless it is told otherwise: here it
 * goes on for ever, and knows within two seconds.
 */
const OPTIONS: ConnectionOptions = {
  reconnect: true,
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 100,
  pingInterval: 1_000,
  maxPingOut: 2,
  timeout: 2_000,
  noAsyncTraces: true,
};
const RETRY_INTERVAL_MS = 500;
/** The status that the server sends in place of an answer. */
const NO_RESPONDERS = 503;
const DRAIN_TIMEOUT_MS = 2_000;
/** While no server answers, a sentence is logged so often. */
const REMINDER_ATTEMPT_COUNT = 20;

/** One connection to NATS. It comes back by itself; what is published meanwhile is lost, what is asked waits. */
export class NatsLine {
  readonly #connection: NatsConnection;
  readonly #log: Log;
  readonly #listeners = new Set<(status: BusStatus) => void>();
  /** Ends the requests that wait. */
  readonly #waiting = new Set<(error: DbError) => void>();
  #status: BusStatus = 'connected';
  #isClosed = false;

  private constructor(connection: NatsConnection, log: Log) {
    this.#connection = connection;
    this.#log = log;
    void this.#watch();
  }

  /**
   * Waits until a server lets us in, for as long as it takes.
   * @throws DbError BUS_CLOSED when `signal` ends the wait, CONFIG_INVALID when the server takes smaller messages than
   * ours or does not let us in
   */
  static async open({ servers, name, inboxPrefix, log, signal }: LineOptions): Promise<NatsLine> {
    for (let attempt = 0; ; attempt += 1) {
      if (signal?.aborted === true) throw closedError();
      try {
        const connection = await connect({ ...OPTIONS, servers: [...servers], name, inboxPrefix });
        const sizeBytesMax = connection.info?.max_payload ?? 0;
        if (sizeBytesMax >= BUS_PAYLOAD_SIZE_BYTES_MAX) return new NatsLine(connection, log);
        await connection.close();
        throw new DbError('CONFIG_INVALID', `NATS at ${servers.join(', ')} takes messages of ${sizeBytesMax} bytes at most; set its max_payload to ${BUS_PAYLOAD_SIZE_BYTES_MAX} or more`);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal !== undefined) throw new DbError('CONFIG_INVALID', `NATS at ${servers.join(', ')} does not let us in: ${refusal}`, {}, { cause: error });
        if (!isUnreachable(error)) throw error;
        if (attempt % REMINDER_ATTEMPT_COUNT === 0) log.warn('Waiting for NATS: no server answers yet', { servers: servers.join(', '), reason: (error as Error).message });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
    }
  }

  get status(): BusStatus {
    return this.#status;
  }

  onStatus(onChange: (status: BusStatus) => void): Subscription {
    this.#listeners.add(onChange);
    return { unsubscribe: () => void this.#listeners.delete(onChange) };
  }

  publish(subject: string, payload: Uint8Array, replyTo: string | undefined): void {
    if (this.#status === 'disconnected' || this.#isClosed) return; // A connection that closes refuses by throwing.
    this.#connection.publish(subject, payload, replyTo === undefined ? {} : { reply: replyTo });
  }

  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue: string | undefined): Subscription {
    if (this.#isClosed) throw closedError();
    let isActive = true;
    const subscription = this.#connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) return this.#log.error('NATS refuses a subscription', { subject, reason: error.message });
        if (message.headers?.code === NO_RESPONDERS) return; // Of a publish with an address for answers: there will be none.
        try {
          if (isActive) onMessage({ subject: message.subject, payload: message.data, replyTo: message.reply === '' ? undefined : message.reply });
        } catch (bug) {
          // The client would close the connection without a word.
          setImmediate(() => {
            throw bug;
          });
        }
      },
    });
    return {
      unsubscribe: () => {
        isActive = false;
        if (!subscription.isClosed()) subscription.unsubscribe();
      },
    };
  }

  /** The server has taken the subscriptions once it answers to what was sent behind them. */
  async subscribed(): Promise<void> {
    while (!this.#isClosed && !this.#connection.isClosed()) {
      if (this.#status === 'connected' && (await this.#connection.flush().then(() => true, () => false))) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
    }
  }

  /** A question that is asked while the connection is gone is sent when it is back. */
  async request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array> {
    const asked = { subject, timeoutMs };
    if (this.#isClosed) throw closedError();
    if (this.#status === 'connected') return this.#ask(asked, payload, timeoutMs);
    const endMs = performance.now() + timeoutMs;
    await this.#untilConnected(asked);
    return this.#ask(asked, payload, Math.max(1, Math.ceil(endMs - performance.now())));
  }

  /** Delivers what is under way; requests that wait end. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of [...this.#waiting]) end(closedError());
    if (this.#status === 'connected') await this.#drained();
    await this.#connection.close();
    this.#status = 'disconnected';
  }

  /** Resolves when what is under way is delivered, or cannot be: draining a connection that is gone never ends. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, DRAIN_TIMEOUT_MS);
      this.onStatus(() => resolve());
      this.#connection.drain().then(resolve, () => resolve()).finally(() => clearTimeout(timer));
    });
  }

  #ask(asked: Asked, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array> {
    return this.#orClosed(
      this.#connection.request(asked.subject, payload, { timeout: timeoutMs }).then(
        ({ data }) => data,
        (error: unknown) => {
          throw busError(error, asked);
        },
      ),
    );
  }

  #untilConnected(asked: Asked): Promise<void> {
    return this.#orClosed(
      new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          listening.unsubscribe();
        };
        const timer = setTimeout(() => {
          done();
          reject(timeoutError(asked));
        }, asked.timeoutMs);
        const listening = this.onStatus((status) => {
          if (status !== 'connected') return;
          done();
          resolve();
        });
      }),
    );
  }

  #orClosed<Value>(answer: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      answer.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) await this.#onClientStatus(status);
  }

  async #onClientStatus(status: Status): Promise<void> {
    switch (status.type) {
      case 'disconnect':
        if (!this.#isClosed) this.#log.warn('Connection to NATS lost', { server: status.server });
        return this.#say('disconnected');
      case 'reconnect':
        // The server has taken the subscriptions again once it answers to what was sent behind them.
        await this.#connection.flush().catch(() => undefined);
        if (this.#connection.isClosed() || this.#isClosed) return;
        this.#log.info('Connected to NATS again', { server: status.server });
        return this.#say('connected');
      case 'error':
        return this.#log.warn('NATS reports an error', { reason: status.error.message });
      case 'slowConsumer':
        return this.#log.warn('NATS finds this process slow to read', { pendingCount: status.pending });
      default:
    }
  }

  #say(status: BusStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
