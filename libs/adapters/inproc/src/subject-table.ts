import { isWildcard, subjectMatches, type BusMessage } from '@varve/ports';

export interface Subscriber {
  readonly pattern: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: BusMessage) => void;
  isActive: boolean;
}

/** Who listens to what. Most subjects are spelled out: one look-up. Patterns with wildcards are few and tried in turn. */
export class SubjectTable {
  readonly #exact = new Map<string, Subscriber[]>();
  readonly #wild: Subscriber[] = [];
  /** How often each queue was served, for taking turns. There are as many as names of queues in the code. */
  readonly #turns = new Map<string, number>();

  add(subscriber: Subscriber): void {
    if (isWildcard(subscriber.pattern)) {
      this.#wild.push(subscriber);
      return;
    }
    const known = this.#exact.get(subscriber.pattern);
    if (known === undefined) this.#exact.set(subscriber.pattern, [subscriber]);
    else known.push(subscriber);
  }

  remove(subscriber: Subscriber): void {
    const listed = isWildcard(subscriber.pattern) ? this.#wild : this.#exact.get(subscriber.pattern);
    const index = listed?.indexOf(subscriber) ?? -1;
    if (listed === undefined || index < 0) return;
    listed.splice(index, 1);
    if (listed.length === 0) this.#exact.delete(subscriber.pattern);
  }

  clear(): void {
    this.#exact.clear();
    this.#wild.length = 0;
  }

  /** Everybody who gets a message on the subject: all plain subscribers, and of each queue the one whose turn it is. */
  receiversOf(subject: string): readonly Subscriber[] {
    const exact = this.#exact.get(subject) ?? [];
    const listening = this.#wild.length === 0 ? exact.slice() : [...exact, ...this.#wild.filter(({ pattern }) => subjectMatches(pattern, subject))];
    if (listening.every(({ queue }) => queue === undefined)) return listening;
    const plain = listening.filter(({ queue }) => queue === undefined);
    const queues = Map.groupBy(
      listening.filter(({ queue }) => queue !== undefined),
      ({ queue }) => queue!,
    );
    return [...plain, ...[...queues].map(([queue, members]) => this.#nextOf(queue, members))];
  }

  #nextOf(queue: string, members: readonly Subscriber[]): Subscriber {
    const turn = this.#turns.get(queue) ?? 0;
    this.#turns.set(queue, turn + 1);
    return members[turn % members.length]!;
  }
}
