import type { DurationMs } from '@varve/base';
import type { RaftMessage } from '@varve/raft';
import type { RaftTally } from './raft-tally.ts';
import type { RaftTime } from './raft-time.ts';

/** What becomes of a message. Probabilities are per message. */
export interface RaftNetworkFaults {
  readonly delayMsMax: DurationMs;
  readonly lossProbability: number;
  readonly duplicateProbability: number;
  /** A message that comes when nobody remembers why it was sent. */
  readonly lateProbability: number;
}

/** Delays only. */
export const CALM_RAFT_NETWORK: RaftNetworkFaults = { delayMsMax: 5, lossProbability: 0, duplicateProbability: 0, lateProbability: 0 };

/** Every message on its own way, so that any may overtake any other; and links that are cut, in one direction or both. */
export class RaftNetwork {
  faults: RaftNetworkFaults = CALM_RAFT_NETWORK;
  readonly #time: RaftTime;
  readonly #tally: RaftTally;
  readonly #deliver: (message: RaftMessage) => void;
  readonly #cut = new Set<number>();
  /** By link: what a message on it takes in addition. */
  readonly #slow = new Map<number, DurationMs>();
  /** By link: the number of the newest message that has arrived. */
  readonly #arrived = new Map<number, number>();
  #sentCount = 0;

  constructor(time: RaftTime, tally: RaftTally, deliver: (message: RaftMessage) => void) {
    this.#time = time;
    this.#tally = tally;
    this.#deliver = deliver;
  }

  isOpen(from: number, to: number): boolean {
    return !this.#cut.has(linkOf(from, to));
  }

  cut(from: number, to: number): void {
    if (from !== to) this.#cut.add(linkOf(from, to));
  }

  /** One way. */
  cutAll(senders: readonly number[], receivers: readonly number[]): void {
    for (const from of senders) for (const to of receivers) this.cut(from, to);
  }

  /** Both ways. */
  part(left: readonly number[], right: readonly number[]): void {
    this.cutAll(left, right);
    this.cutAll(right, left);
  }

  /** Into two halves, which reach each other through whoever is not named. */
  bridge(others: readonly number[]): void {
    const half = Math.ceil(others.length / 2);
    this.part(others.slice(0, half), others.slice(half));
  }

  /** Each reaches its two neighbours only. */
  ring(ids: readonly number[]): void {
    for (const [at, from] of ids.entries()) {
      const neighbours = [ids.at(at - 1), ids[(at + 1) % ids.length]];
      for (const to of ids) if (!neighbours.includes(to)) this.cut(from, to);
    }
  }

  open(from: number, to: number): void {
    this.#cut.delete(linkOf(from, to));
  }

  slow(from: number, to: number, delayMs: DurationMs): void {
    this.#slow.set(linkOf(from, to), delayMs);
  }

  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
  }

  send(message: RaftMessage): void {
    const { prng } = this.#time;
    if (prng.chance(this.faults.lossProbability)) return this.#tally.add('messageLost');
    this.#deliverLater(message);
    if (!prng.chance(this.faults.duplicateProbability)) return;
    this.#tally.add('messageDuplicated');
    this.#deliverLater(message);
  }

  #deliverLater(message: RaftMessage): void {
    const { prng } = this.#time;
    const { delayMsMax, lateProbability } = this.faults;
    const isLate = prng.chance(lateProbability);
    if (isLate) this.#tally.add('messageLate');
    const link = linkOf(message.from, message.to);
    const delayMs = (isLate ? LATE_MS_MAX : delayMsMax) * prng.fraction() + (this.#slow.get(link) ?? 0);
    const number = (this.#sentCount += 1);
    this.#time.after(delayMs, () => {
      if (!this.isOpen(message.from, message.to)) return this.#tally.add('messageCutOff');
      const newest = this.#arrived.get(link) ?? 0;
      if (number < newest) this.#tally.add('messageOvertaken');
      else this.#arrived.set(link, number);
      this.#deliver(message);
    });
  }
}

const LATE_MS_MAX = 1_000;
const PEER_MAX = 1_000;

function linkOf(from: number, to: number): number {
  return from * PEER_MAX + to;
}
