/** When something happened, among everything that did. */
export interface Moment {
  /** Ascends from event to event; two things never have the same. */
  readonly order: number;
  /** Virtual time, for people. */
  readonly atMs: number;
}

/** What an operation came to, as far as its caller can know. */
export type Outcome<Output> =
  | { readonly kind: 'ok'; readonly output: Output }
  /** Refused, which says something of the state. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** It may take effect at any time after its call, or never. */
  | { readonly kind: 'unknown' };

/** Something that a process asked for. */
export interface Operation<Input, Output> {
  /** Does one thing at a time; after an unknown outcome its client goes on as another process. */
  readonly process: string;
  readonly input: Input;
  readonly outcome: Outcome<Output>;
  readonly called: Moment;
  /** Absent when the outcome is unknown. */
  readonly returned: Moment | undefined;
}

/** Writes down calls and returns in the order in which they happen. */
export class HistoryRecorder<Input, Output> {
  readonly #nowMs: () => number;
  readonly #operations: Operation<Input, Output>[] = [];
  #eventCount = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What has ended so far, in the order of the calls. */
  get operations(): readonly Operation<Input, Output>[] {
    return this.#operations.toSorted((left, right) => left.called.order - right.called.order);
  }

  /** The process asks now. The function that comes back is called once, when it hears; what says nothing is never ended. */
  call(process: string, input: Input): (outcome: Outcome<Output>) => void {
    const called = this.#moment();
    return (outcome) => {
      const returned = outcome.kind === 'unknown' ? undefined : this.#moment();
      this.#operations.push({ process, input, outcome, called, returned });
    };
  }

  #moment(): Moment {
    this.#eventCount += 1;
    return { order: this.#eventCount, atMs: this.#nowMs() };
  }
}
