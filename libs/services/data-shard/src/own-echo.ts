import { LIMITS } from '@varve/config';
import type { NodeId } from '@varve/model';
import type { Bus, Clock, Log, Subscription } from '@varve/ports';
import { decode, type Subjects } from '@varve/wire';

/**
 * Notices that this node may have missed frames: its own heartbeat comes back over the bus, so a bus that was away, a process
 * that stood still and heartbeats that were lost all show as one gap.
 */
export class OwnEcho {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #node: NodeId;
  readonly #onGap: () => void;
  readonly #subscription: Subscription;
  #heardMs: number;
  /** A gap was told, and nothing was heard since. */
  #isInGap = false;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock; readonly log: Log }, subjects: Subjects, node: NodeId, onGap: () => void) {
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#node = node;
    this.#onGap = onGap;
    this.#heardMs = ports.clock.monotonicMs();
    this.#subscription = ports.bus.subscribe(subjects.heartbeat, ({ payload }) => this.#onHeartbeat(payload));
  }

  /** Before anything is answered that must not be stale. */
  check(): void {
    const gapMs = this.#clock.monotonicMs() - this.#heardMs;
    if (gapMs <= LIMITS.stallMsMax || this.#isInGap) return;
    this.#isInGap = true;
    this.#log.warn('This node was cut off or stood still; its replicas catch up before they serve', { gapMs });
    this.#onGap();
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #onHeartbeat(payload: Uint8Array): void {
    if (!this.#isOwn(payload)) return;
    this.check();
    const wasInGap = this.#isInGap;
    this.#heardMs = this.#clock.monotonicMs();
    this.#isInGap = false;
    // Live delivery has resumed only now: what was found out during the gap is too old.
    if (wasInGap) this.#onGap();
  }

  #isOwn(payload: Uint8Array): boolean {
    try {
      return decode(payload, 'heartbeat').header.node === this.#node;
    } catch {
      return false; // The liveness view logs it.
    }
  }
}
