import type { RaftMessage } from './message.ts';
import type { ConfirmedRead, NeededSnapshot } from './ready.ts';

/** What waits for the next Ready, beside entries. All of it is bounded: what finds no room is lost, like any other message. */
export class Outbox {
  #messages: RaftMessage[] = [];
  #reads: ConfirmedRead[] = [];
  #snapshot: NeededSnapshot | undefined;

  get isEmpty(): boolean {
    return this.#messages.length === 0 && this.#reads.length === 0 && this.#snapshot === undefined;
  }

  /** Returns whether there was room. */
  send(message: RaftMessage): boolean {
    const hasRoom = this.#messages.length < MESSAGE_COUNT_MAX;
    if (hasRoom) this.#messages.push(message);
    return hasRoom;
  }

  confirm(read: ConfirmedRead): void {
    if (this.#reads.length < READ_COUNT_MAX) this.#reads.push(read);
  }

  /** The newest need replaces an earlier one; undefined: none any more. */
  need(snapshot: NeededSnapshot | undefined): void {
    this.#snapshot = snapshot;
  }

  take(): { readonly messages: readonly RaftMessage[]; readonly reads: readonly ConfirmedRead[]; readonly snapshot: NeededSnapshot | undefined } {
    const taken = { messages: this.#messages, reads: this.#reads, snapshot: this.#snapshot };
    this.#messages = [];
    this.#reads = [];
    this.#snapshot = undefined;
    return taken;
  }
}

/** While a persist is slow: several answers from each of a handful of peers, and answers to all reads that may wait at a leader. */
const MESSAGE_COUNT_MAX = 16_384;
const READ_COUNT_MAX = 65_536;
