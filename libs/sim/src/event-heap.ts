/** Something that happens at a moment of virtual time. */
export interface SimEvent {
  readonly atMs: number;
  /** Drawn from the seed: decides between events of the same moment. */
  readonly tiebreak: number;
  /** Decides between equal tiebreaks. */
  readonly number: number;
  readonly what: string;
  readonly run: () => void;
  isCancelled: boolean;
}

/** A binary heap: the earliest event first. */
export class EventHeap {
  readonly #events: SimEvent[] = [];

  get size(): number {
    return this.#events.length;
  }

  peek(): SimEvent | undefined {
    return this.#events[0];
  }

  push(event: SimEvent): void {
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(event, events[parent]!)) break;
      events[index] = events[parent]!;
      index = parent;
    }
    events[index] = event;
  }

  pop(): SimEvent | undefined {
    const first = this.#events[0];
    const last = this.#events.pop();
    if (this.#events.length > 0) this.#sink(last!);
    return first;
  }

  /** Puts an event at the top and lets it down to its place. */
  #sink(event: SimEvent): void {
    const events = this.#events;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1]!, events[child]!)) child += 1;
      if (!isBefore(events[child]!, event)) break;
      events[index] = events[child]!;
      index = child;
    }
    events[index] = event;
  }
}

function isBefore(left: SimEvent, right: SimEvent): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs;
  if (left.tiebreak !== right.tiebreak) return left.tiebreak < right.tiebreak;
  return left.number < right.number;
}
