import type { DurationMs } from '@varve/base';
import type { RaftMessage } from '@varve/raft';
import type { RaftTime } from './raft-time.ts';

/** What becomes of a message. Probabilities are per message. */
export interface RaftNetworkFaults {
  readonly delayMsMax: DurationMs;
  readonly lossProbability: number;
  readonly duplicateProbability: number;
  /** A message that comes when nobody remembers why it was sent. */
  readonly lateProbability: number;
}

/** Every message on its own way, so that any may overtake any other; and links that are cut, in one direction or both. */
export class RaftNetwork {
  faults: RaftNetworkFaults = CALM_RAFT_NETWORK;
  readonly counts = { sent: 0, lost: 0, duplicated: 0, cutOff: 0 };
  readonly #time: RaftTime;
  readonly #deliver: (message: RaftMessage) => void;
  readonly #cut = new Set<number>();

  constructor(time: RaftTime, deliver: (message: RaftMessage) => void) {
    this.#time = time;
    this.#deliver = deliver;
  }

  isOpen(from: number, to: number): boolean {
    return !this.#cut.has(linkOf(from, to));
  }

  cut(from: number, to: number): void {
    if (from !== to) this.#cut.add(linkOf(from, to));
  }

  open(from: number, to: number): void {
    this.#cut.delete(linkOf(from, to));
  }

  heal(): void {
    this.#cut.clear();
  }

  send(message: RaftMessage): void {
    const { prng } = this.#time;
    this.counts.sent += 1;
    if (prng.chance(this.faults.lossProbability)) {
      this.counts.lost += 1;
      return;
    }
    this.#deliverLater(message);
    if (!prng.chance(this.faults.duplicateProbability)) return;
    this.counts.duplicated += 1;
    this.#deliverLater(message);
  }

  #deliverLater(message: RaftMessage): void {
    const { prng } = this.#time;
    const { delayMsMax, lateProbability } = this.faults;
    const delayMs = prng.chance(lateProbability) ? LATE_MS_MAX * prng.fraction() : delayMsMax * prng.fraction();
    this.#time.after(delayMs, () => {
      if (this.isOpen(message.from, message.to)) this.#deliver(message);
      else this.counts.cutOff += 1;
    });
  }
}

/** Delays only. */
export const CALM_RAFT_NETWORK: RaftNetworkFaults = { delayMsMax: 5, lossProbability: 0, duplicateProbability: 0, lateProbability: 0 };

const LATE_MS_MAX = 1_000;

function linkOf(from: number, to: number): number {
  return from * 100 + to;
}
