import { assert } from '@varve/base';
import type { ConfirmedRead } from './ready.ts';

interface PendingRead {
  readonly from: number;
  readonly read: number;
}

interface Round {
  readonly number: number;
  readonly index: number;
  readonly reads: readonly PendingRead[];
}

/** Who asked for a read that is confirmed. */
export interface DueRead extends ConfirmedRead {
  readonly from: number;
}

/**
 * Linearizable reads at a leader. Those that wait go out together with one round of messages, at the commit index of that
 * moment; when a quorum has answered a message of the round or a later one, nobody else has led in between, and whoever has
 * applied that index may answer (thesis 6.4).
 */
export class ReadRounds {
  readonly #countMax: number;
  #waiting: PendingRead[] = [];
  /** Ascending by number. */
  #underWay: Round[] = [];
  #count = 0;
  #newest = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** Number of the newest round; messages carry it. */
  get newest(): number {
    return this.#newest;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether there was room. The same read asked for again is another one with the same answer. */
  maybeAdd(read: PendingRead): boolean {
    if (this.#count >= this.#countMax) return false;
    this.#waiting.push(read);
    this.#count += 1;
    return true;
  }

  /** Those that wait make the next round. */
  begin(index: number): void {
    assert(this.#waiting.length > 0, 'a round without reads');
    this.#newest += 1;
    this.#underWay.push({ number: this.#newest, index, reads: this.#waiting });
    this.#waiting = [];
  }

  /** The reads of rounds up to this one, which a quorum has answered. */
  take(confirmedRound: number): readonly DueRead[] {
    const confirmed = this.#underWay.filter(({ number }) => number <= confirmedRound);
    if (confirmed.length === 0) return [];
    this.#underWay = this.#underWay.slice(confirmed.length);
    const due = confirmed.flatMap(({ index, reads }) => reads.map((each) => ({ ...each, index })));
    this.#count -= due.length;
    return due;
  }
}
