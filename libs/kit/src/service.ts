/** One of the four services, whatever process it runs in. Calls come in the order start, drain, stop. */
export interface Service {
  /** Resolves when it can serve. @throws DbError with the reason it cannot start */
  start(): Promise<void>;
  /** Takes no new work and resolves when what is under way has ended. */
  drain(): Promise<void>;
  /** Lets go of its subscriptions and timers; its ports stay open, they belong to whoever opened them. */
  stop(): Promise<void>;
  /** One sentence per thing that is not well; empty when it is. */
  problems(): readonly string[];
}
