import type { DurationMs } from '@varve/base';
import { refuseOversized, type Bus, type BusMessage, type BusStatus, type Log, type Subscription } from '@varve/ports';
import { BULK_INBOX_PREFIX, isBulkSubject } from '@varve/wire';
import { nuid } from '@nats-io/transport-node';
import { NatsLine } from './nats-line.ts';

export interface NatsOptions {
  /** `host:port`, one or several of one NATS cluster. */
  readonly servers: readonly string[];
  /** Of this process, for the server's monitoring. */
  readonly name: string;
  readonly log: Log;
  /** Ends the wait for the first connection. */
  readonly signal?: AbortSignal | undefined;
}

const CONTROL_INBOX_PREFIX = '_INBOX.control';

/**
 * The bus between processes. Waits until NATS is there, and goes on for ever when it goes away.
 * @throws DbError BUS_CLOSED when the signal ends the wait, CONFIG_INVALID when the server takes smaller messages than ours
 */
export async function connectNats({ servers, name, log, signal }: NatsOptions): Promise<Bus> {
  const shared = { servers, log, signal };
  const control = await NatsLine.open({ ...shared, name, inboxPrefix: CONTROL_INBOX_PREFIX });
  try {
    return new NatsBus(control, await NatsLine.open({ ...shared, name: `${name} bulk`, inboxPrefix: BULK_INBOX_PREFIX }));
  } catch (error) {
    await control.close();
    throw error;
  }
}

/** Two connections: heartbeats and Raft never wait behind frames and rows. One subject always takes the same one, so its order holds. */
class NatsBus implements Bus {
  readonly #control: NatsLine;
  readonly #bulk: NatsLine;

  constructor(control: NatsLine, bulk: NatsLine) {
    this.#control = control;
    this.#bulk = bulk;
  }

  /** `connected` when both connections are. */
  get status(): BusStatus {
    return [this.#control, this.#bulk].every(({ status }) => status === 'connected') ? 'connected' : 'disconnected';
  }

  onStatus(onChange: (status: BusStatus) => void): Subscription {
    let told = this.status;
    const tell = (): void => {
      if (this.status === told) return;
      told = this.status;
      onChange(told);
    };
    const listening = [this.#control, this.#bulk].map((line) => line.onStatus(tell));
    return {
      unsubscribe: () => {
        for (const each of listening) each.unsubscribe();
      },
    };
  }

  publish(subject: string, payload: Uint8Array, replyTo?: string): void {
    refuseOversized(subject, payload);
    this.#lineOf(subject).publish(subject, payload, replyTo);
  }

  subscribe(subject: string, onMessage: (message: BusMessage) => void, queue?: string): Subscription {
    return this.#lineOf(subject).subscribe(subject, onMessage, queue);
  }

  async subscribed(): Promise<void> {
    await Promise.all([this.#control.subscribed(), this.#bulk.subscribed()]);
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: DurationMs): Promise<Uint8Array> {
    refuseOversized(subject, payload);
    return this.#lineOf(subject).request(subject, payload, timeoutMs);
  }

  /** For acks and streams: bulk. */
  newInbox(): string {
    return `${BULK_INBOX_PREFIX}.${nuid.next()}`;
  }

  async close(): Promise<void> {
    await Promise.all([this.#control.close(), this.#bulk.close()]);
  }

  #lineOf(subject: string): NatsLine {
    return isBulkSubject(subject) ? this.#bulk : this.#control;
  }
}
