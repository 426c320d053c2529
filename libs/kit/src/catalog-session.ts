import { assert } from '@varve/base';
import type { SessionId } from '@varve/model';

/** Numbers the commands of a session, and knows which of them need not be remembered any more. */
export class CatalogSession {
  readonly id: SessionId;
  readonly #underWayCountMax: number;
  #lastSeq = 0;
  /** All numbers up to it are settled. */
  #ackedSeq = 0;
  /** Settled ones above it. */
  readonly #settled = new Set<number>();
  #waiting: (() => void)[] = [];

  constructor(id: SessionId, underWayCountMax: number) {
    this.id = id;
    this.#underWayCountMax = underWayCountMax;
  }

  /** The number of the next command; undefined while too many may have to be remembered. */
  nextSeq(): number | undefined {
    if (this.#lastSeq - this.#ackedSeq >= this.#underWayCountMax) return undefined;
    this.#lastSeq += 1;
    return this.#lastSeq;
  }

  /** What a command says of itself, as of now. */
  headerOf(seq: number): { readonly session: number; readonly seq: number; readonly ackedSeq: number } {
    return { session: this.id, seq, ackedSeq: this.#ackedSeq };
  }

  /** The command is answered or given up: it is never sent again. */
  settle(seq: number): void {
    assert(seq > this.#ackedSeq && seq <= this.#lastSeq, `command ${seq} is not under way`);
    this.#settled.add(seq);
    while (this.#settled.delete(this.#ackedSeq + 1)) this.#ackedSeq += 1;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  /** Resolves when another command is settled. */
  whenSettled(): Promise<void> {
    return new Promise((goOn) => void this.#waiting.push(goOn));
  }
}
