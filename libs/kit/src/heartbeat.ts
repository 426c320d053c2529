import type { DurationMs, InstantMs } from '@varve/base';
import type { NodeId, NodeRole } from '@varve/model';
import type { Bus, Clock, Log, Subscription, Timer } from '@varve/ports';
import { decode, encode, type Header, type Subjects } from '@varve/wire';

/** Several fit into the time after which a node counts as silent, so that one lost heartbeat changes nothing. */
const HEARTBEAT_INTERVAL_MS = 300;
/** Long enough for a pause of the garbage collector, short enough that writes are hinted before clients give up. */
const SILENT_AFTER_MS = 1_500;

/** What a node says of itself. */
export interface NodeStatus {
  readonly isJoining: boolean;
  /** The catalog that it has worked off. */
  readonly version: number;
}

/** Says at an interval, and at once when asked to, that this node lives. */
export class Heartbeat {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock };
  readonly #subject: string;
  readonly #node: { readonly id: NodeId; readonly role: NodeRole; readonly boot: string };
  readonly #statusOf: () => NodeStatus;
  #timer: Timer | undefined;

  constructor(
    ports: { readonly bus: Bus; readonly clock: Clock },
    subjects: Subjects,
    node: { readonly id: NodeId; readonly role: NodeRole; readonly boot: string },
    statusOf: () => NodeStatus,
  ) {
    this.#ports = ports;
    this.#subject = subjects.heartbeat;
    this.#node = node;
    this.#statusOf = statusOf;
  }

  start(): void {
    this.#timer?.cancel();
    const { id: node, role, boot } = this.#node;
    this.#ports.bus.publish(this.#subject, encode('heartbeat', { node, role, boot, ...this.#statusOf() }));
    this.#timer = this.#ports.clock.after(HEARTBEAT_INTERVAL_MS, () => this.start());
  }

  /** The status has changed: others need not wait for the next beat. */
  now(): void {
    if (this.#timer !== undefined) this.start();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

interface Heard extends NodeStatus {
  readonly role: NodeRole;
  readonly boot: string;
  readonly atMs: InstantMs;
}

/**
 * Who lives, as this process has heard it. A belief, not a fact: nothing that matters to safety follows from it, only who
 * is asked first and how long is waited. In its first moments it takes everybody for alive, since nobody had time to say so;
 * so it does when its own connection is back, and without one it believes what it believed.
 */
export class LivenessView {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock; readonly log: Log };
  readonly #subject: string;
  readonly #heard = new Map<NodeId, Heard>();
  readonly #listeners = new Set<(node: NodeId) => void>();
  #subscription: Subscription | undefined;
  #connection: Subscription | undefined;
  /** Since when it could hear anybody. */
  #listeningSinceMs: InstantMs = 0 as InstantMs;
  /** Its own connection is gone since then. */
  #deafSinceMs: InstantMs | undefined;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock; readonly log: Log }, subjects: Subjects) {
    this.#ports = ports;
    this.#subject = subjects.heartbeat;
  }

  start(): void {
    const { bus, clock } = this.#ports;
    this.#listeningSinceMs = clock.monotonicMs();
    this.#connection = bus.onStatus((status) => {
      if (status === 'disconnected') this.#deafSinceMs = clock.monotonicMs();
      else {
        this.#deafSinceMs = undefined;
        this.#listeningSinceMs = clock.monotonicMs();
      }
    });
    this.#subscription = this.#ports.bus.subscribe(this.#subject, ({ payload }) => this.#onHeartbeat(payload));
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#connection?.unsubscribe();
  }

  isAlive(node: NodeId): boolean {
    const nowMs = this.#deafSinceMs ?? this.#ports.clock.monotonicMs();
    const heardMs = Math.max(this.#heard.get(node)?.atMs ?? 0, this.#listeningSinceMs);
    return nowMs - heardMs < SILENT_AFTER_MS;
  }

  /** Alive, and not known to lack frames. */
  isServing(node: NodeId): boolean {
    return this.isAlive(node) && this.#heard.get(node)?.isJoining !== true;
  }

  /** Nodes of a role that were heard of and are alive, ascending. */
  alive(role: NodeRole): readonly NodeId[] {
    const heard = [...this.#heard].filter(([node, status]) => status.role === role && this.isAlive(node));
    return heard.map(([node]) => node).sort((left, right) => left - right);
  }

  /** Differs from run to run of a node; undefined while nothing was heard of it. */
  bootOf(node: NodeId): string | undefined {
    return this.#heard.get(node)?.boot;
  }

  /** Called when a node is heard of for the first time, after a silence of its own or of this process, or in a new run. Returns how to stop listening. */
  onReturn(listener: (node: NodeId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #onHeartbeat(payload: Uint8Array): void {
    const header = this.#decoded(payload);
    if (header === undefined) return;
    const { node, boot, isJoining, version } = header;
    const known = this.#heard.get(node);
    const hasReturned = known?.boot !== boot || !this.isAlive(node) || known.atMs < this.#listeningSinceMs;
    const role = header.role === 'repair' ? 'repair' : 'data';
    this.#heard.set(node, { role, boot, isJoining, version, atMs: this.#ports.clock.monotonicMs() });
    if (hasReturned) for (const listener of [...this.#listeners]) listener(node);
  }

  #decoded(payload: Uint8Array): Header<'heartbeat'> | undefined {
    try {
      return decode(payload, 'heartbeat').header;
    } catch (error) {
      this.#ports.log.warn('Unreadable heartbeat', { error });
      return undefined;
    }
  }
}

/** How long a process that starts listens before it may take others for dead. */
export const LIVENESS_SETTLE_MS: DurationMs = SILENT_AFTER_MS;
